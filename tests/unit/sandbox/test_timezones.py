"""Time zones: told by their rules, read back, and the same as in the IANA database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from lxml import etree

from postroom.recurrence.windows_zones import WINDOWS_ZONES
from postroom.sandbox.exchange.names import MESSAGES, TYPES
from postroom.sandbox.exchange.refusal import Refusal
from postroom.sandbox.exchange.timezones import answer_server_time_zones, definition, read_zone, zone_named

YEAR = 2026
BERLIN = "W. Europe Standard Time"


def element(xml: str) -> etree._Element:
    return etree.fromstring(xml.replace(">", f' xmlns="{TYPES}" xmlns:m="{MESSAGES}">', 1))


def described(name: str) -> etree._Element:
    """Return a definition that says everything except a name that is known."""
    made = definition(name, YEAR)
    made.set("Id", "Customized Time Zone")
    return made


@pytest.mark.parametrize("name", sorted(WINDOWS_ZONES))
def test_every_name_stands_for_a_zone_and_its_rules_are_those_of_the_database(name: str) -> None:
    zone = zone_named(name)
    read = read_zone(described(name))
    at = datetime(YEAR, 1, 1, tzinfo=UTC)
    while at.year == YEAR:
        assert at.astimezone(read).replace(tzinfo=None) == at.astimezone(zone).replace(tzinfo=None), at
        assert at.astimezone(read).astimezone(UTC) == at
        at += timedelta(hours=7, minutes=30)


def test_times_shown_twice_and_never_are_read_as_the_database_reads_them() -> None:
    zone, read = ZoneInfo("Europe/Berlin"), read_zone(described(BERLIN))
    for at in (datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30)):  # noqa: DTZ001
        for fold in (0, 1):
            shown = at.replace(fold=fold)
            assert shown.replace(tzinfo=read).utcoffset() == shown.replace(tzinfo=zone).utcoffset()


def test_instants_around_both_changes_of_clocks_come_back() -> None:
    zone, read = ZoneInfo("Europe/Berlin"), read_zone(described(BERLIN))
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        for quarter in range(12):
            at = day + timedelta(minutes=15 * quarter)
            assert at.astimezone(read).replace(tzinfo=None) == at.astimezone(zone).replace(tzinfo=None)
            assert at.astimezone(read).astimezone(UTC) == at


def test_the_zones_of_southern_summers_and_half_hours_are_told() -> None:
    adelaide = definition("Cen. Australia Standard Time", YEAR)
    assert adelaide.get("Name") == "(UTC+09:30) Adelaide"
    biases = [period.get("Bias") for period in adelaide.iter(f"{{{TYPES}}}Period")]
    assert biases == ["-PT9H30M", "-PT10H30M"]
    assert [m.text for m in adelaide.iter(f"{{{TYPES}}}Month")] == ["10", "4"]


def server_time_zones(xml: str) -> list[etree._Element]:
    request = element(f"<m:GetServerTimeZones{xml}</m:GetServerTimeZones>")
    return list(answer_server_time_zones(request, YEAR)[0])


def test_the_zones_asked_for_are_answered_and_unknown_names_passed_over() -> None:
    ids = f"><m:Ids><Id>{BERLIN}</Id><Id>Moon</Id></m:Ids>"
    found = server_time_zones(ids)
    assert [each.get("Id") for each in found] == [BERLIN]
    assert found[0].get("Name") == "(UTC+01:00) Berlin"
    assert len(found[0]) == 3


def test_all_zones_are_answered_without_their_data_when_only_names_are_wanted() -> None:
    found = server_time_zones(' ReturnFullTimeZoneData="false">')
    assert len(found) == len(WINDOWS_ZONES)
    assert all(len(each) == 0 for each in found)


def test_too_many_zones_are_refused() -> None:
    with pytest.raises(Refusal):
        server_time_zones("><m:Ids>" + f"<Id>{BERLIN}</Id>" * 501 + "</m:Ids>")


def test_a_zone_is_read_by_its_name() -> None:
    assert read_zone(
        element(f'<StartTimeZone Id="{BERLIN}"/>'.replace("/>", "></StartTimeZone>"))
    ) == ZoneInfo("Europe/Berlin")


def test_a_zone_of_exchange_2007_is_read_by_name_or_by_offsets() -> None:
    named = element(f'<MeetingTimeZone TimeZoneName="{BERLIN}"></MeetingTimeZone>')
    assert read_zone(named) == ZoneInfo("Europe/Berlin")
    change = (
        "<{0}><Offset>{1}</Offset><RelativeYearlyRecurrence><DaysOfWeek>Sunday</DaysOfWeek><DayOfWeekIndex>Last"
        "</DayOfWeekIndex><Month>{2}</Month></RelativeYearlyRecurrence><Time>{3}</Time></{0}>"
    )
    offsets = element(
        "<MeetingTimeZone><BaseOffset>-PT60M</BaseOffset>"
        + change.format("Standard", "PT0M", "October", "03:00:00")
        + change.format("Daylight", "-PT60M", "March", "02:00:00")
        + "</MeetingTimeZone>"
    )
    read = read_zone(offsets)
    assert datetime(2026, 7, 1, 12, tzinfo=read).astimezone(UTC).hour == 10
    assert datetime(2026, 1, 1, 12, tzinfo=read).astimezone(UTC).hour == 11
    fixed = element("<MeetingTimeZone><BaseOffset>PT5H</BaseOffset></MeetingTimeZone>")
    assert datetime(2026, 7, 1, tzinfo=read_zone(fixed)).astimezone(UTC).hour == 5


@pytest.mark.parametrize(
    "xml",
    [
        '<StartTimeZone Id="Moon"></StartTimeZone>',
        '<MeetingTimeZone TimeZoneName="Moon"></MeetingTimeZone>',
        "<TimeZoneDefinition><Periods></Periods></TimeZoneDefinition>",
        "<TimeZoneDefinition><Periods>"
        + '<Period Id="a" Bias="PT1H"/>' * 300
        + "</Periods></TimeZoneDefinition>",
        '<TimeZoneDefinition><Periods><Period Id="a" Bias="soon"/></Periods></TimeZoneDefinition>',
    ],
)
def test_a_zone_that_cannot_be_read_is_refused(xml: str) -> None:
    with pytest.raises(Refusal):
        read_zone(element(xml))


@pytest.mark.parametrize(("good", "bad"), [("Sunday", "Someday"), ("<ns0:Month>3", "<ns0:Month>13")])
def test_a_transition_that_cannot_be_read_is_refused(good: str, bad: str) -> None:
    text = etree.tostring(described(BERLIN)).decode().replace("t:", "ns0:").replace("xmlns:t", "xmlns:ns0")
    with pytest.raises(Refusal):
        read_zone(etree.fromstring(text.replace(good, bad)))


def test_every_zone_is_known_to_the_database() -> None:
    assert set(WINDOWS_ZONES.values()) <= available_timezones()


def test_the_table_is_the_one_that_others_generate() -> None:
    windows_tz = pytest.importorskip("tzlocal.windows_tz", reason="tzlocal is not installed")
    assert windows_tz.win_tz == WINDOWS_ZONES
