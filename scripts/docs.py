"""Write the parts of docs/ that are made from the code; a test compares them."""

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts import map as module_map

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
NOTE = "<!-- Made from the code by `make docs`; change it there. -->\n"
_MAP = re.compile(r"(?<=<!-- map: made by `make docs` -->\n).*?(?=<!-- end of map -->)", re.DOTALL)


def exists(module: str) -> bool:
    """Say whether the module is there, without importing it; a folder alone is none."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.origin is not None


def architecture() -> str:
    """Return docs/architecture.md with the present map between its markers."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    return _MAP.sub(lambda _: f"```\n{module_map.draw()}```\n", page, count=1)


def tracking() -> str:
    """Return the page of tracking: rules, methods of correlation, kinds and reasons, in their order."""
    from postroom.schema.choices import MessageKind, Reason
    from postroom.tracking import correlation, decide

    reasons = "".join(f"| {reason.value} | `{reason.name}` | {reason.sentence} |\n" for reason in Reason)
    kinds = "".join(f"| {kind.value} | `{kind.name}` | {kind.label} |\n" for kind in MessageKind)
    methods = "".join(
        f"| {number} | `{method.code.name}` ({method.code.value}) | {_said_by(method.find)} |\n"
        for number, method in enumerate(correlation.METHODS, 1)
    )
    return (
        f"# Tracking\n\n{NOTE}\n{_TRACKING}\n"
        f"## What a mailbox received\n\n{_rules_table(decide.RULES)}\n"
        f"## What a mailbox has sent\n\n{_ON_SENT}\n{_rules_table(decide.SENT_RULES)}\n"
        f"## Correlation\n\n{_ON_METHODS}\n"
        f"| | Method | What it does |\n| --- | --- | --- |\n{methods}\n"
        f"## Kinds of messages\n\n{_ON_KINDS}\n| Code | Name | |\n| --- | --- | --- |\n{kinds}\n"
        f"## Reasons\n\n{_ON_REASONS}\n| Code | Name | What it says |\n| --- | --- | --- |\n{reasons}"
    )


_TRACKING = """\
Every message that a mailbox shows gets one verdict. The rules below are asked in this order; each ends the
case with a reason or says in words why it went on, and those words are kept as the trail. `postroom explain`
shows them for any message: by its Message-ID, by the id of an e-mail or a decision, or for a file that nobody
has received yet. How to use it: [investigate a message](howto/investigate-a-message.md).
"""
_ON_SENT = """\
Only where the organization has the switch `AutoTrackSentFolderItems` on, and only from servers that show
sent items.
"""
_ON_METHODS = """\
The first method that finds an e-mail ends the search; the surest come first. Each can be switched off:
`emailcorrelationenabled` for all of them, `postroom_correlatebyreply`, `postroom_usetrackingtoken`,
`postroom_correlatebyindex`, and `enablesmartmatching`, which is off unless somebody switches it on. A forward
is correlated only where the switch `DoNotCorrelateForwardedEmailsAsReplies` is off.
"""
_ON_KINDS = """\
What a message is beside being mail. Bounces, notices, receipts and automatic replies are noted on the sent
e-mail that they speak of (`postroom_reports`, `postroom_deliverystate`), whether or not they are tracked.
"""
_ON_REASONS = """\
Each decision has one. Codes below 100 are Dataverse's, those from 100 on are Postroom's own.
"""


def _rules_table(rules: Sequence[Callable[..., Any]]) -> str:
    rows = "".join(
        f"| {number} | `{rule.__name__}` | {_said_by(rule)} | {', '.join(_reasons_of(rule)) or '-'} |\n"
        for number, rule in enumerate(rules, 1)
    )
    return f"| | Rule | What it does | Reasons it ends with |\n| --- | --- | --- | --- |\n{rows}"


def _said_by(function: Callable[..., Any]) -> str:
    """Return the first paragraph of a docstring as one line."""
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


def _reasons_of(rule: Callable[..., Any]) -> list[str]:
    """Return the reasons that a rule names, itself or in the functions beside it that it calls."""
    module = inspect.getmodule(rule)
    source = inspect.getsource(rule)
    for name in re.findall(r"\b_[a-z_]+(?=\()", source):
        if callable(beside := getattr(module, name, None)):
            source += inspect.getsource(beside)
    return [f"`{name}`" for name in dict.fromkeys(re.findall(r"Reason\.([A-Z_]+)", source))]


_ABOUT_SWITCHES = """\
Choices of the whole organization, which Dataverse keeps under its own names as XML in a column of the
organization, `orgdborgsettings`: `<OrgSettings><HideTrackAllOption>true</HideTrackAllOption></OrgSettings>`.
`postroom switch list` shows them, `postroom switch set` changes one. Names count in any letter case; names
that are not here are kept and mean nothing. *In Dataverse* is the default there, where ours is another or
sources differ.
"""
_ABOUT_OTHER_SWITCHES = """\
These can be set, so that settings can be carried over from Dataverse; nothing asks for them yet.
"""


def switches() -> str:
    """Return the page of the organization's switches."""
    from postroom.configuration.switch import OBEYED, Switch

    obeyed = [switch for switch in Switch if switch in OBEYED]
    others = [switch for switch in Switch if switch not in OBEYED]
    page = f"# Switches\n\n{NOTE}\n{_ABOUT_SWITCHES}\n{_switch_table(obeyed)}"
    if others:
        page += f"\n## Kept, not obeyed yet\n\n{_ABOUT_OTHER_SWITCHES}\n{_switch_table(others)}"
    return page


def _switch_table(switches: list[Any]) -> str:
    head = "| Name | Values | Default | In Dataverse | What it does |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(map(_switch_row, switches))


def _switch_row(switch: Any) -> str:
    values = f"{switch.allowed[0]} to {switch.allowed[-1]}" if switch.allowed else "true, false"
    return (
        f"| `{switch.name_in_dataverse}` | {values} | {str(switch.default).lower()} "
        f"| {switch.default_in_dataverse} | {switch.effect} |\n"
    )


def command_line() -> str:
    """Return the page of commands, from the help texts of the command line itself."""
    pages = [_command_page(command, name) for name, command in commands()]
    return f"# Command line\n\n{NOTE}\n" + "\n".join(pages)


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command and group with its whole name, groups before what is in them."""
    import typer

    from postroom.cli import entry

    yield from _commands_below(typer.main.get_command(entry.make_app()), "postroom")


def _commands_below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for below in sorted(getattr(command, "commands", {})):
        yield from _commands_below(command.commands[below], f"{name} {below}")


def _command_page(command: Any, name: str) -> str:
    rows = [_parameter_row(each) for each in command.params if _is_shown(each)]
    table = "| Argument or option | What it means |\n| --- | --- |\n" + "".join(rows) + "\n" if rows else ""
    words = " ".join(part for part in (name, *_usage(command)) if part)
    heading = "#" * (name.count(" ") + 2)
    return f"{heading} {name}\n\n    {words}\n\n{(command.help or '').strip()}\n\n{table}".rstrip() + "\n"


def _is_shown(parameter: Any) -> bool:
    hidden = getattr(parameter, "hidden", False)
    return not hidden and parameter.name not in {"help", "install_completion", "show_completion"}


def _usage(command: Any) -> Iterator[str]:
    if any(each.param_type_name == "option" and _is_shown(each) for each in command.params):
        yield "[OPTIONS]"
    for each in command.params:
        if each.param_type_name == "argument":
            yield _argument(each) if each.required else f"[{_argument(each)}]"
    if getattr(command, "commands", None):
        yield "COMMAND"


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _parameter_row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = _argument(parameter)
    else:
        name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    help_text = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    return f"| `{name}` | {help_text} |\n"


def tables() -> str:
    """Return the page of tables: every column as it is declared."""
    from postroom.schema import registry

    pages = [_table_page(table) for table in sorted(registry.tables(), key=lambda each: each.logical_name)]
    return (
        f"# Tables\n\n{NOTE}\nColumns by their logical names. The letters say where a column may be used: "
        "**C** set on create, **U** set on update,\n**R** read. How a table is declared and changed: "
        "[change the schema](../howto/change-the-schema.md).\n\n" + "\n".join(pages)
    )


def _table_page(table: Any) -> str:
    code = f", object type code {table.object_type_code}" if table.object_type_code is not None else ""
    rows = "".join(_column_row(name, column) for name, column in table.columns.items())
    return (
        f"## {table.logical_name}\n\n{table.label}: set `{table.set_name}`{code}.\n\n"
        f"| Column | Type | Use | Required | Meaning |\n| --- | --- | --- | --- | --- |\n{rows}"
    )


def _column_row(name: str, column: Any) -> str:
    meaning = ". ".join(part for part in (column.label, column.description) if part).replace("|", "\\|")
    return (
        f"| `{name}` | {_type_of(column)} | {column.access} | {column.required.value} "
        f"| {' '.join(meaning.split())} |\n"
    )


def _type_of(column: Any) -> str:
    detail = ""
    if column.choices is not None:
        detail = ", ".join(f"{int(choice)} {choice.label}" for choice in column.choices)
    elif column.targets:
        detail = ", ".join(column.targets)
    elif column.length is not None:
        detail = str(column.length)
    elif column.minimum is not None and column.maximum is not None:
        detail = f"{column.minimum} to {column.maximum}"
    kind = column.kind.value.replace("|", "\\|")
    return f"{kind}: {detail}" if detail else str(kind)


def settings_page() -> str:
    """Return the page of settings."""
    from postroom.app import settings

    return settings.reference_page()


def settings_file() -> str:
    """Return the example of a settings file."""
    from postroom.app import settings

    return settings.example_file()


#: Page, the module it is made from, and what makes it. A page whose module is not built yet is left out.
PAGES: tuple[tuple[Path, str, Callable[[], str]], ...] = (
    (DOCS / "architecture.md", "postroom", architecture),
    (DOCS / "tracking.md", "postroom.tracking.decide", tracking),
    (REFERENCE / "switches.md", "postroom.configuration.switch", switches),
    (REFERENCE / "tables.md", "postroom.schema.registry", tables),
    (REFERENCE / "settings.md", "postroom.app.settings", settings_page),
    (ROOT / "config.example.toml", "postroom.app.settings", settings_file),
    (REFERENCE / "cli.md", "postroom.cli", command_line),
)


def generated() -> dict[Path, str]:
    """Return every generated page with the text that it ought to have."""
    return {page: make() for page, module, make in PAGES if exists(module)}


def main() -> None:
    """Write the pages that differ and name them."""
    for page, text in generated().items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {page.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
