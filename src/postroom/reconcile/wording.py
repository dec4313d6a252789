"""Plans in words: what an act does and who is told, for whoever looks before it is done."""

from postroom.reconcile.act import Act, Finding
from postroom.reconcile.health import QUIET
from postroom.reconcile.item import Side
from postroom.reconcile.notice import Notice, Sends
from postroom.reconcile.pair import Doing
from postroom.reconcile.question import About, Question


def headline(act: Act) -> str:
    """Return what an act does, in a few words.

    >>> from postroom.reconcile.item import Kind
    >>> from postroom.reconcile.pair import Pair
    >>> from postroom.reconcile.reason import Reason
    >>> pair = Pair("p", Kind.TASK, "c", "s")
    >>> headline(Act(Doing.UPDATE, Reason.CHANGED_IN_CRM, pair, Side.SERVER, fields={"due": 1, "body": 2}))
    'change the task on the server: body, due'
    """
    what = f"{_VERBS[act.doing]} the {noun(act)}"
    where = f" {_PLACES[act.side]}" if act.side else ""
    fields = f": {', '.join(sorted(act.fields))}" if act.fields else ""
    return what + where + fields


def noun(act: Act) -> str:
    """Return what is written: of a phone call on the server, the task that stands for it."""
    kind = act.pair.kind
    if act.side is Side.SERVER and kind.is_outward:
        return f"{kind.on_server.value} of the {kind.value}"
    return kind.value


def subject(act: Act) -> str:
    """Return what a person recognizes the item by; empty when neither side was read."""
    items = (act.draft, act.crm, act.server)
    return next((item.shown_name for item in items if item is not None and item.subject), "")


def consequence(sends: Sends) -> str:
    """Return who is told, and the rule that says so.

    >>> from postroom.reconcile.notice import IN_CRM
    >>> consequence(IN_CRM)
    'Nothing is sent. Writing in the CRM sends nothing.'
    """
    if sends.notice is Notice.NONE:
        return f"Nothing is sent. {sends.rule.value}"
    noun = "attendee" if len(sends.to) == 1 else "attendees"
    return f"{sends.notice.value.capitalize()} goes to {len(sends.to)} {noun}. {sends.rule.value}"


def asked(question: Question, subject: str) -> str:
    """Return a question with everything that must be known to answer it.

    >>> from postroom.reconcile.question import Contest
    >>> asked(Question(About.VALUES, {"due": Contest("May 4", "", "", "")}), "Call")
    '“Call”: both sides changed the same. due: “May 4” in the CRM, nothing on the server.'
    """
    values = "; ".join(
        f"{name}: {_quoted(each.crm)} in the CRM, {_quoted(each.server)} on the server"
        for name, each in question.contests.items()
    )
    said = f" {values}." if values else ""
    words = f" {question.words}" if question.words else ""
    return f"“{subject}”: {_ASKED[question.about]}{said}{words}"


def _quoted(value: str) -> str:
    return f"“{value}”" if value else "nothing"


def is_alert(finding: Finding) -> bool:
    """Say whether somebody should be told; the others are only shown where a plan is."""
    return finding.reason not in QUIET


_ASKED = {
    About.VALUES: "both sides changed the same.",
    About.DUPLICATE: "two items look alike, and nothing proves that they are the same.",
    About.BOOKING: "the user has another appointment at this time.",
    About.FAILURE: "it failed too often and rests.",
}
_VERBS = {
    Doing.FORGET: "forget",
    Doing.LINK: "link",
    Doing.AGREE: "note the state of",
    Doing.UNLINK: "unlink",
    Doing.ASK: "ask about",
    Doing.UPDATE: "change",
    Doing.CREATE: "make",
    Doing.DELETE: "delete",
}
_PLACES = {Side.CRM: "in the CRM", Side.SERVER: "on the server"}
