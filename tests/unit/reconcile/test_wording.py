"""Plans are told in words before they are done."""

import re

from tests.support.items import a_meeting
from tests.support.synchronizing import Synchronizer

from postroom.reconcile.act import Act, Finding
from postroom.reconcile.item import Kind, Side
from postroom.reconcile.notice import IN_CRM, Rule
from postroom.reconcile.pair import Doing, Pair
from postroom.reconcile.reason import Reason
from postroom.reconcile.wording import consequence, headline, is_alert, subject
from postroom.servers.memory_items import MemoryItems


def test_an_invitation_is_announced_with_its_rule() -> None:
    crm = MemoryItems(Side.CRM)
    crm.put(a_meeting())
    (act,) = Synchronizer(crm, MemoryItems(Side.SERVER)).plan().acts
    assert headline(act) == "make the appointment on the server"
    assert subject(act) == "Review"
    assert consequence(act.sends).startswith("An invitation goes to 1 attendee. The user organizes")
    assert "Nothing" in consequence(IN_CRM)


def test_every_doing_has_its_words() -> None:
    pair = Pair("p", Kind.SERIES, "c", "s")
    for doing in Doing:
        act = Act(doing, Reason.REUNITED, pair)
        assert headline(act).endswith(" the series")
        assert subject(act) == ""


def test_every_reason_and_rule_has_a_sentence_of_its_own() -> None:
    for sentences in ([each.sentence for each in Reason], [each.value for each in Rule]):
        assert all(re.fullmatch(r"[A-Z].{15,}\.", sentence) for sentence in sentences)
        assert len(set(sentences)) == len(sentences)


def test_what_is_normal_makes_no_alert() -> None:
    assert is_alert(Finding(Reason.NO_ORGANIZER, Side.CRM, "1", "Review"))
    assert not is_alert(Finding(Reason.ORGANIZER_INVITES, Side.CRM, "1", "Review"))
