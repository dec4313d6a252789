"""What is printed where: tables for people, lines with tabs for programs."""

import json

import pytest

from postroom.cli import show

ROWS = [
    {"id": "1", "name": "Support\tdesk", "active": True, "empty": None, "name@label": "x"},
    {"id": "2", "name": "[bold]x\x1b[31m", "active": False, "empty": None},
]


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")


def test_a_pipe_gets_plain_lines_with_one_tab_between_values(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_records(ROWS, as_json=False)
    assert capsys.readouterr().out == "id\tname\tactive\n1\tSupport desk\tyes\n2\t[bold]x [31m\tno\n"


def test_json_holds_the_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_records(ROWS, as_json=True)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_a_terminal_gets_a_table_in_which_nothing_is_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_a_terminal(monkeypatch)
    show.show_records(ROWS, ["id", "name"], as_json=False)
    show.show_records([], as_json=False)
    out = capsys.readouterr().out
    assert "[bold]x [31m" in out
    assert "\x1b[31m" not in out
    assert "Nothing." in out


def test_sentences_are_for_terminals_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show.say("Done.")
    assert capsys.readouterr().out == ""
    on_a_terminal(monkeypatch)
    show.say("Done.")
    assert capsys.readouterr().out == "Done.\n"


def test_one_record_is_a_line_per_value(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_record({"id": "1", "longer": 5, "none": None}, as_json=False)
    assert capsys.readouterr().out == "id      1\nlonger  5\n"
    show.show_record({"id": "1"}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"id": "1"}


def test_complaints_keep_their_lines_and_lose_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    show.complain(["one\ntwo\x1b[2J"])
    assert capsys.readouterr().err == "postroom: one\ntwo [2J\n"
