"""The organization's switches: declared once, read from any text, refused when wrong, written in place."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import postroom
from postroom.configuration import switch as declared
from postroom.configuration import switches as reading
from postroom.configuration.switch import OBEYED, Switch, Value, find_switch, parse
from postroom.configuration.switches import Switches, problems_of, read_switches, written
from postroom.errors import InvalidRecord

HIDE = Switch.HIDE_TRACK_ALL_OPTION
LENGTH = Switch.MAXIMUM_SUBJECT_LENGTH_ON_MAIL_SERVER
FORCED = Switch.FORCE_FILTERING_METHOD_FOR_USER_MAILBOXES


def settings(*elements: str) -> str:
    return f"<OrgSettings>{''.join(elements)}</OrgSettings>"


def sentences(xml: str | None) -> list[str]:
    problems = problems_of(xml)
    assert all((problem.code, problem.column) == (0x80040203, "orgdborgsettings") for problem in problems)
    return [str(problem) for problem in problems]


# The table


@pytest.mark.parametrize("switch", Switch)
def test_a_switch_is_called_as_in_dataverse_and_says_what_it_does(switch: Switch) -> None:
    assert switch.name.replace("_", "") == switch.name_in_dataverse.removeprefix("SSS").upper()
    assert re.fullmatch(r"[A-Z0-9].{15,}\.", switch.effect)
    assert switch.admits(switch.default)


def test_names_and_effects_are_there_once() -> None:
    assert len({switch.name_in_dataverse.lower() for switch in Switch}) == len(Switch)
    assert len({switch.effect for switch in Switch}) == len(Switch)


def test_what_is_obeyed_is_what_the_code_asks_for() -> None:
    source = Path(postroom.__file__).parent
    here = {Path(declared.__file__), Path(reading.__file__)}
    code = "".join(path.read_text(encoding="utf-8") for path in {*source.rglob("*.py")} - here)
    asked_for = {switch for switch in Switch if re.search(rf"\bSwitch\.{switch.name}\b", code)}
    assert asked_for == OBEYED, "keep OBEYED in configuration/switch.py in step"


def test_defaults_are_ours_where_users_are_better_served() -> None:
    switches = read_switches(None)
    on = [
        Switch.DO_NOT_CORRELATE_FORWARDED_EMAILS_AS_REPLIES,
        Switch.DO_NOT_AUTO_TRACK_EMAIL,
        Switch.CREATE_QUEUE_ITEM_FOR_SYNCHRONIZING_MAILBOX,
        Switch.DO_NOT_IGNORE_INTERNAL_EMAIL_TO_QUEUES,
    ]
    off = [
        Switch.AUTO_TRACK_SENT_FOLDER_ITEMS,
        Switch.HIDE_TRACK_ALL_OPTION,
        Switch.HIDE_EMAIL_AUTO_TRACK_OPTIONS,
        Switch.RESOLVE_FOR_INACTIVE_ENTITIES,
    ]
    assert [switches.is_on(switch) for switch in on] == [True] * len(on)
    assert [switches.is_on(switch) for switch in off] == [False] * len(off)
    assert (switches.number(FORCED), switches.number(LENGTH)) == (-1, 255)
    assert Switch.DO_NOT_CORRELATE_FORWARDED_EMAILS_AS_REPLIES.default_in_dataverse == "false"


def test_a_switch_is_found_in_any_case_and_an_undeclared_one_is_not() -> None:
    assert find_switch("HIDETRACKALLOPTION") is find_switch("hideTrackAllOption") is HIDE
    assert find_switch("HideTrackAllOptions") is None


def test_asking_for_the_wrong_kind_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError, match="is a number"):
        Switches({}).is_on(LENGTH)
    with pytest.raises(TypeError, match="is on or off"):
        Switches({}).number(HIDE)


@pytest.mark.parametrize(
    ("switch", "text", "value"),
    [
        (HIDE, "true", True),
        (HIDE, " TRUE\n", True),
        (HIDE, "1", True),
        (HIDE, "False", False),
        (HIDE, "0", False),
        (HIDE, "yes", None),
        (HIDE, "", None),
        (LENGTH, "255", 255),
        (LENGTH, "400", 400),
        (LENGTH, "254", None),
        (LENGTH, "401", None),
        (LENGTH, "3e2", None),
        (LENGTH, "٣٠٠", None),
        (LENGTH, "3_00", None),
        (LENGTH, "9" * 5000, None),
        (LENGTH, "true", None),
        (FORCED, "-1", -1),
        (FORCED, "-2", None),
        (FORCED, "4", 4),
    ],
)
def test_a_text_is_a_value_only_if_the_switch_may_have_it(
    switch: Switch, text: str, value: Value | None
) -> None:
    assert parse(switch, text) is value or parse(switch, text) == value
    assert value is None or switch.admits(value)


def test_a_number_is_no_truth_and_a_truth_no_number() -> None:
    assert not HIDE.admits(1)
    assert not Switch.SEND_EMAIL_SYNCHRONOUSLY.admits(value=True)


# Reading


@pytest.mark.parametrize("xml", [None, "", "  \n", "<OrgSettings/>", "<orgsettings></orgsettings>"])
def test_where_nothing_is_set_everything_has_its_default(xml: str | None) -> None:
    assert read_switches(xml) == Switches({})
    assert problems_of(xml) == []


def test_what_is_set_holds_in_any_case_and_what_is_foreign_means_nothing() -> None:
    xml = settings(
        "<IsMRUEnabled>true</IsMRUEnabled><hidetrackalloption>TRUE</hidetrackalloption>",
        "<MaximumSubjectLengthOnMailServer>300</MaximumSubjectLengthOnMailServer><DoNotAutoTrackEmail/>",
    )
    switches = read_switches(f'<?xml version="1.0" encoding="utf-16"?>\n{xml}')
    assert switches.given == {HIDE: True, LENGTH: 300}
    assert switches.problems == ()
    assert switches.value(Switch.DO_NOT_AUTO_TRACK_EMAIL) is True, "an empty element sets nothing"


WRONG = [
    ("<OrgSettings>", "is not well-formed XML: no element found"),
    ("no XML", "is not well-formed XML"),
    (settings("\x00"), "is not well-formed XML"),
    (settings("\ud800"), "is not well-formed XML"),
    (settings("&amount;"), "is not well-formed XML: undefined entity"),
    ("<Settings/>", "The root element of orgdborgsettings must be OrgSettings, not Settings."),
    (f"<!DOCTYPE x [<!ENTITY a 'b'>]>{settings()}", "may hold no declaration"),
    (settings("<!-- remark -->"), "may hold no declaration, comment or CDATA section"),
    (settings(" " * 262_144), "has 262171 characters, where 262144 is the most."),
    ("<OrgSettings>" + "<a>" * 80_000, "is nested too deeply."),
    (settings("<HideTrackAllOption>yes</HideTrackAllOption>"), "must be true or false, not 'yes'."),
    (settings("<HideTrackAllOption><b/></HideTrackAllOption>"), "must be true or false, not '<b>'."),
    (
        settings("<MaximumSubjectLengthOnMailServer>500</MaximumSubjectLengthOnMailServer>"),
        "MaximumSubjectLengthOnMailServer must be a whole number from 255 to 400, not '500'.",
    ),
    (
        settings("<HideTrackAllOption>1</HideTrackAllOption>", "<hideTrackAllOption>1</hideTrackAllOption>"),
        "HideTrackAllOption is set more than once; leave one of them.",
    ),
]


@pytest.mark.parametrize(("xml", "sentence"), WRONG)
def test_what_is_wrong_is_refused_at_writes_and_gives_defaults_at_reads(xml: str, sentence: str) -> None:
    (said,) = sentences(xml)
    assert sentence in said
    assert said.endswith(".")
    assert read_switches(xml) == Switches({}, (said,))


def test_all_problems_are_told_and_the_good_values_hold() -> None:
    xml = settings(
        "<HideTrackAllOption>maybe</HideTrackAllOption>",
        "<BackgroundSendBatchSize>0</BackgroundSendBatchSize>",
        "<DoNotAutoTrackEmail>false</DoNotAutoTrackEmail>",
    )
    switches = read_switches(xml)
    assert len(switches.problems) == len(sentences(xml)) == 2
    assert switches.given == {Switch.DO_NOT_AUTO_TRACK_EMAIL: False}


# Writing


def test_a_switch_is_set_in_place_of_all_its_former_elements() -> None:
    xml = settings(
        '<Foreign kind="x">7 &lt; 8</Foreign>',
        "<hidetrackalloption>maybe</hidetrackalloption><HideTrackAllOption>1</HideTrackAllOption>",
    )
    changed = written(xml, {HIDE: False, LENGTH: 300})
    assert changed == settings(
        '<Foreign kind="x">7 &lt; 8</Foreign><HideTrackAllOption>false</HideTrackAllOption>',
        "<MaximumSubjectLengthOnMailServer>300</MaximumSubjectLengthOnMailServer>",
    )


def test_what_can_t_be_written_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="from 255 to 400, not 12"):
        written(None, {LENGTH: 12})
    with pytest.raises(InvalidRecord, match="must be true or false, not 7"):
        written(None, {HIDE: 7})
    with pytest.raises(InvalidRecord, match=r"not well-formed.*Set orgdborgsettings to null to begin anew"):
        written("<OrgSettings>", {HIDE: True})


elements = st.builds(
    "<{0}>{1}</{0}>".format,
    st.sampled_from([switch.name_in_dataverse for switch in Switch] + ["Foreign", "a:b", "1"]),
    st.sampled_from(["true", "0", "-1", "300", "", "<x/>", "&lt;", "&x;"]) | st.text(max_size=5),
)
texts = st.text() | st.builds(settings, *[elements] * 4) | st.builds("<{}>".format, st.text())
changes = st.dictionaries(st.sampled_from(Switch), st.none(), max_size=5).flatmap(
    lambda some: st.fixed_dictionaries(
        {
            switch: st.booleans() if switch.allowed is None else st.sampled_from(switch.allowed)
            for switch in some
        }
    )
)


@given(texts)
def test_any_text_gives_switches(xml: str) -> None:
    switches = read_switches(xml)
    assert [str(problem) for problem in problems_of(xml)] == list(switches.problems)
    assert all(switch.admits(switches.value(switch)) for switch in Switch)


@given(texts, changes)
def test_what_is_written_is_read_and_the_rest_is_as_it_was(xml: str, some: dict[Switch, Value]) -> None:
    before = read_switches(xml)
    try:
        after = read_switches(written(xml, some))
    except InvalidRecord:
        assert before.problems
        return
    for switch in Switch:
        assert after.value(switch) == some.get(switch, before.value(switch))
