"""Commands on the organization's switches: list, set."""

from difflib import get_close_matches
from typing import Annotated, Any

import typer

from postroom.cli.session import as_wrong_use, opened
from postroom.cli.show import AsJson, complain, say, show_records
from postroom.configuration.switch import OBEYED, Switch, Value, find_switch, parse
from postroom.configuration.switches import COLUMN, Switches, read_switches, written
from postroom.errors import UserError
from postroom.store.records import ORGANIZATION_ID

commands = typer.Typer(help="The organization's switches for mail, named as in Dataverse.")


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    app.add_typer(commands, name="switch")


@commands.command("list")
def list_switches(*, as_json: AsJson = False) -> None:
    """List all switches: value, default and effect, and which were changed or are not obeyed yet."""
    with opened() as postroom, postroom.database.read() as connection:
        switches = read_switches(postroom.records.get(connection, "organization", ORGANIZATION_ID)[COLUMN])
    make = _as_dict if as_json else _line
    show_records([make(switch, switches) for switch in Switch], as_json=as_json)
    complain(switches.problems)


# A value may be -1, which is no option.
@commands.command("set", context_settings={"ignore_unknown_options": True})
def set_switch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The switch, in any letter case.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="true or false, or a whole number.")],
) -> None:
    """Set one switch; all others stay as they are."""
    with as_wrong_use():
        switch = _get(name)
        wanted = _read(switch, value)
    with opened() as postroom, postroom.database.write() as connection:
        row = postroom.records.get(connection, "organization", ORGANIZATION_ID)
        postroom.records.update(
            connection,
            "organization",
            ORGANIZATION_ID,
            {COLUMN: written(row[COLUMN], {switch: wanted})},
            if_version=row["versionnumber"],
        )
    say(f"{switch.name_in_dataverse} is {_text(wanted)}." + ("" if switch in OBEYED else f" {_NOT_OBEYED}"))


_NOT_OBEYED = "It is kept, and nothing obeys it yet."


def _get(name: str) -> Switch:
    found = find_switch(name)
    if found is None:
        known = {switch.name_in_dataverse.lower(): switch.name_in_dataverse for switch in Switch}
        close = get_close_matches(name.lower(), known, n=1)
        hint = f"Did you mean {known[close[0]]}?" if close else "`postroom switch list` names them all."
        raise UserError(f"There is no switch {name!r}. {hint}")
    return found


def _read(switch: Switch, text: str) -> Value:
    value = parse(switch, text)
    if value is None:
        raise UserError(f"{switch.demand}, not {text!r}.")
    return value


def _as_dict(switch: Switch, switches: Switches) -> dict[str, Any]:
    value = switches.value(switch)
    return {
        "name": switch.name_in_dataverse,
        "value": value,
        "default": switch.default,
        "is_changed": value != switch.default,
        "is_obeyed": switch in OBEYED,
        "effect": switch.effect,
    }


def _line(switch: Switch, switches: Switches) -> dict[str, str]:
    shown = _as_dict(switch, switches)
    notes = {"changed": shown["is_changed"], "not obeyed yet": not shown["is_obeyed"]}
    return {
        "name": shown["name"],
        "value": _text(shown["value"]),
        "default": _text(shown["default"]),
        "note": ", ".join(note for note, holds in notes.items() if holds),
        "effect": shown["effect"],
    }


def _text(value: Value) -> str:
    return str(value).lower()
