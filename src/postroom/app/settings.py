"""Settings: one typed, frozen tree from the environment over a TOML file over defaults.

The environment is read here and nowhere else. What administrators change while the service runs is not a
setting but a row in the store. A field's docstring is its documentation: `python -m postroom.app.settings`
writes docs/reference/settings.md and config.example.toml from this file.
"""

import ast
import os
import sys
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from functools import cache
from inspect import cleandoc
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from postroom.errors import UserError

PREFIX = "POSTROOM_"
#: The one variable that says where the rest is, and is therefore no setting itself.
CONFIG_VARIABLE = "POSTROOM_CONFIG"
_DEFAULT_HOME = "~/.local/share/postroom"

_Count = Annotated[int, Field(ge=1)]
_Seconds = Annotated[float, Field(gt=0)]


def _in_home(value: Any, info: ValidationInfo) -> Any:
    """Put the home directory where `{home}` stands; without a valid home there is nothing to put."""
    home = info.data.get("home")
    return value if home is None else str(value).replace("{home}", str(home))


def _as_path(value: Any) -> Any:
    return Path(value).expanduser() if isinstance(value, str | Path) else value


def _absolute(path: Path) -> Path:
    return path.absolute()


_Directory = Annotated[Path, BeforeValidator(_as_path), AfterValidator(_absolute)]
_HomeText = Annotated[str, BeforeValidator(_in_home)]
_HomePath = Annotated[Path, AfterValidator(_absolute), BeforeValidator(_as_path), BeforeValidator(_in_home)]


def _as_delays(value: Any) -> Any:
    """Read `60,300` as the environment has it."""
    return tuple(value.split(",")) if isinstance(value, str) else value


class LogFormat(Enum):
    """How a line of the log is written."""

    #: For people: time, level, event and its values.
    TEXT = "text"
    #: For machines: one JSON object per line.
    JSON = "json"


class _Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MailSettings(_Group):
    """Reading and receiving mail."""

    maximum_message_size: _Count = 52_428_800
    """A message bigger than this many octets is not taken in; it is recorded in quarantine with its size."""

    maximum_messages_per_pass: Annotated[int, Field(ge=0)] = 10_000
    """How many messages of one mailbox one pass takes in before others have their turn; 0 for no limit."""

    maximum_pass_seconds: _Seconds = 60.0
    """After so many seconds a pass leaves the rest of its mailbox to the next: others have their turn."""

    batch_size: _Count = 200
    """How many messages are recorded in one transaction."""

    batch_octets: _Count = 5_242_880
    """A transaction is closed earlier when the messages in it reach this many octets; bounds the memory."""

    one_per_transaction: bool = False
    """Record each message in a transaction of its own: slower, and a fault never touches its neighbours."""

    accelerated_parser: bool = True
    """Read bodies with the compiled parser where it is installed; what it refuses is read without it."""

    timeout_seconds: _Seconds = 100.0
    """Any single wait for a mail server ends after this time."""

    allow_plaintext: bool = False
    """Talk to mail servers without TLS. Servers on this machine's loopback address may always do without."""


class SendingSettings(_Group):
    """Sending mail."""

    maximum_attempts: _Count = 10
    """An e-mail that the server put off this many times has failed."""

    retry_delays: Annotated[tuple[_Seconds, ...], BeforeValidator(_as_delays), Field(min_length=1)] = (
        60.0,
        300.0,
        900.0,
        1800.0,
        3600.0,
    )
    """Seconds between the attempts, in order; the last one is used for all further attempts."""

    batch_size: _Count = 50
    """How many e-mails of one mailbox are claimed for one connection."""

    window: _Count = 10
    """How many e-mails are noted as leaving at once: the most that a crash can leave uncertain."""


class WorkerSettings(_Group):
    """The worker that runs due mailboxes."""

    threads: Annotated[int, Field(ge=1, le=1000)] = 4
    """How many mailboxes one worker process serves at once."""

    lease_seconds: _Seconds = 300.0
    """How long a mailbox belongs to a worker that gives no sign of life before another takes over."""

    patience_seconds: _Count = 30
    """How long a worker that was told to stop waits for what it is at; what is left the next one takes up."""


class WebSettings(_Group):
    """The Web API, as `postroom serve` offers it."""

    host: str = "127.0.0.1"
    """The address to listen on; `0.0.0.0` is every address of this machine."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    """The port to listen on; 0 takes any that is free."""

    tls_certificate: _Directory | None = None
    """A PEM file with the server's certificate and those that vouch for it; without it there is no TLS."""

    tls_key: _Directory | None = None
    """A PEM file with the certificate's private key."""

    threads: Annotated[int, Field(ge=1, le=1000)] = 8
    """How many requests are worked on at once."""

    maximum_body_size: _Count = 67_108_864
    """A request with a body bigger than this many octets is refused."""

    body_seconds: _Seconds = 60.0
    """A request whose body has not come within this time is refused."""


class LogSettings(_Group):
    """The log, which goes to standard error and never holds addresses, subjects, text or secrets."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe event that is written."""

    format: LogFormat = LogFormat.TEXT
    """For people (`text`) or for machines (`json`)."""


class ObserveSettings(_Group):
    """What a worker shows of itself to those who watch over it."""

    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """Where a worker serves `/metrics`, `/healthz` and `/readyz`; 0 for nowhere."""

    metrics_host: str = "127.0.0.1"
    """The address it serves them at. They show no mail and no secrets, and have no sign-in of their own."""

    traces_endpoint: str = ""
    """Where spans are sent by OTLP over HTTP: `http://localhost:4318/v1/traces`; needs the extra `traces`."""


class Settings(BaseModel):
    """All settings of one Postroom."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    home: _Directory = Path(_DEFAULT_HOME)
    """The directory for all that Postroom keeps on this machine; `{home}` elsewhere stands for it."""

    database_url: _HomeText = "sqlite:///{home}/postroom.sqlite"
    """The store: `sqlite:///` and a path, or `postgresql+psycopg://user:password@host/database`."""

    secret_key: SecretStr | None = None
    """The key that seals stored passwords: 32 octets in base64, or lines as in the key file. Without it
    `secret_key_command` is asked, and without that `secret_key_file` is read."""

    secret_key_command: str = ""
    """A command that prints the keys as the key file has them: `vault kv get -field=keys secret/postroom`."""

    secret_key_file: _HomePath = Path("{home}/secret.key")
    """The file that holds the key; `postroom init` makes it, readable by its owner only."""

    blob_directory: _HomePath = Path("{home}/blobs")
    """Where large attachments are kept, one file per content."""

    mail: MailSettings = MailSettings()
    sending: SendingSettings = SendingSettings()
    worker: WorkerSettings = WorkerSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    observe: ObserveSettings = ObserveSettings()


# Reading --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: where it stands in the tree and what is known of it."""

    #: `mail.batch_size`
    key: str
    info: FieldInfo
    #: The class that declares it.
    owner: type[BaseModel]

    @property
    def name(self) -> str:
        """Return its name within its group."""
        return self.key.rpartition(".")[2]

    @property
    def group(self) -> str:
        """Return the group it stands in, or nothing."""
        return self.key.rpartition(".")[0]

    @property
    def variable(self) -> str:
        """Return the name of its environment variable."""
        return PREFIX + self.key.replace(".", "_").upper()

    @property
    def said(self) -> str:
        """Return its documentation."""
        return _docstrings()[self.owner.__name__, self.name]

    @property
    def default(self) -> Any:
        """Return the value it has when nobody sets it."""
        return self.info.default


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; raises `UserError` with every mistake of the file and the environment at once."""
    environment = os.environ if environment is None else environment
    said = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value}
    path = config_path(said)
    problems: list[str] = []
    written = _read_file(path, said, problems)
    known = {field.variable for field in every_setting()}
    problems.extend(_unknown_variable(name, known) for name in said if name not in known | {CONFIG_VARIABLE})
    settings = _validated({name: said[name] for name in said if name in known}, written, path, problems)
    if problems or settings is None:
        raise UserError(*problems)
    return settings


def settings_in(home: Path) -> Settings:
    """Return the defaults with everything kept in this directory, whatever the environment says."""
    return read_settings({f"{PREFIX}HOME": str(home)})


def config_path(environment: Mapping[str, str]) -> Path:
    """Return where the TOML file is or would be."""
    if environment.get(CONFIG_VARIABLE):
        return Path(environment[CONFIG_VARIABLE]).expanduser()
    return Path(environment.get(f"{PREFIX}HOME") or _DEFAULT_HOME).expanduser() / "config.toml"


def every_setting() -> Iterator[Setting]:
    """Yield every setting of the tree in the order of declaration."""
    for name, info in Settings.model_fields.items():
        group = info.annotation
        if isinstance(group, type) and issubclass(group, _Group):
            yield from (
                Setting(f"{name}.{inner}", found, group) for inner, found in group.model_fields.items()
            )
        else:
            yield Setting(name, info, Settings)


def _read_file(path: Path, environment: Mapping[str, str], problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if CONFIG_VARIABLE in environment:
            problems.append(f"{CONFIG_VARIABLE} names {path}, which does not exist.")
    except (OSError, UnicodeDecodeError) as fault:
        problems.append(f"{path} can't be read: {fault}")
    except tomllib.TOMLDecodeError as fault:
        problems.append(f"{path} is not TOML: {fault}")
    return {}


def _unknown_variable(name: str, known: set[str]) -> str:
    close = get_close_matches(name, [*known, CONFIG_VARIABLE], n=1)
    return f"{name} is no setting." + (f" Did you mean {close[0]}?" if close else "")


def _validated(
    variables: Mapping[str, str], written: dict[str, Any], path: Path, problems: list[str]
) -> Settings | None:
    try:
        return Settings.model_validate(_layered(variables, written))
    except ValidationError as fault:
        problems.extend(_explain(error, variables, path) for error in fault.errors())
        return None


def _layered(variables: Mapping[str, str], written: dict[str, Any]) -> dict[str, Any]:
    """Return what the file says with the environment put over it."""
    tree = {name: dict(said) if isinstance(said, dict) else said for name, said in written.items()}
    for setting in every_setting():
        if setting.variable in variables:
            group = tree.setdefault(setting.group, {}) if setting.group else tree
            if isinstance(group, dict):
                group[setting.name] = variables[setting.variable]
    return tree


def _explain(error: ErrorDetails, variables: Mapping[str, str], path: Path) -> str:
    """Say what is wrong with a setting and where it was set; never what was set, which may be secret."""
    key = ".".join(part for part in error["loc"] if isinstance(part, str))
    known = {field.key: field for field in every_setting()}
    if error["type"] == "extra_forbidden":
        close = get_close_matches(key, known, n=1)
        return f"{path}: {key} is no setting." + (f" Did you mean {close[0]}?" if close else "")
    where = f"{path}: {key}"
    if key in known and known[key].variable in variables:
        where = known[key].variable
    return f"{where}: {error['msg']}."


# Documentation --------------------------------------------------------------------------------------------

_KINDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    _Directory | None: "path",
    SecretStr | None: "text, secret",
    tuple[_Seconds, ...]: "list of numbers",
}


def reference_page() -> str:
    """Return docs/reference/settings.md."""
    lines = [
        "# Settings",
        "",
        "Made by `python -m postroom.app.settings` from `src/postroom/app/settings.py`; do not edit.",
        "",
        "A setting comes from its environment variable, else from the TOML file, else it has its default.",
        f"The file is the one that `{CONFIG_VARIABLE}` names, else `config.toml` in the home directory.",
        "Unknown names are errors, and all mistakes are reported at once. `config.example.toml` shows every",
        "default.",
    ]
    group = None
    for setting in every_setting():
        if setting.group != group:
            group = setting.group
            lines += _heading(group)
        lines += _entry(setting)
    return "\n".join(lines) + "\n"


def example_file() -> str:
    """Return config.example.toml: every setting with its explanation and its default, commented out."""
    lines = [
        "# Every setting of Postroom with its default; take the mark off a line to change it.",
        "# Made by `python -m postroom.app.settings`; docs/reference/settings.md says the same in prose.",
    ]
    group = ""
    for setting in every_setting():
        if setting.group != group:
            group = setting.group
            lines += ["", f"[{group}]"]
        lines += ["", *(f"# {line}" for line in _wrapped(setting.said, 105)), f"# {_toml_line(setting)}"]
    return "\n".join(lines) + "\n"


def _heading(group: str) -> list[str]:
    if not group:
        return ["", "## The whole"]
    kind = Settings.model_fields[group].annotation
    return ["", f"## `[{group}]`", "", str(getattr(kind, "__doc__", ""))]


def _entry(setting: Setting) -> list[str]:
    shown = _toml_value(setting.default)
    default = f"default `{shown}`" if shown else "no default"
    head = f"### `{setting.key}`"
    return [
        "",
        head,
        "",
        f"`{setting.variable}`, {_kind(setting)}, {default}",
        "",
        *_wrapped(setting.said, 110),
    ]


def _kind(setting: Setting) -> str:
    annotation = setting.info.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    return _KINDS[annotation]


def _toml_line(setting: Setting) -> str:
    return f"{setting.name} = {_toml_value(setting.default) or _toml_value('')}"


def _toml_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, Enum):
        return f'"{value.value}"'
    if isinstance(value, str | Path):
        return f'"{value}"'
    return f"{value:_}" if isinstance(value, int) else f"{value:g}"


@cache
def _docstrings() -> Mapping[tuple[str, str], str]:
    """Return the docstrings of all fields by class and name.

    Pydantic can find them too, but would read this file for each class at every start.
    """
    classes = [node for node in ast.parse(Path(__file__).read_bytes()).body if isinstance(node, ast.ClassDef)]
    return {
        (owner.name, field.target.id): cleandoc(text)
        for owner in classes
        for field, said in pairwise(owner.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant)
        if isinstance(text := said.value.value, str)
    }


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width)


def write_documents(root: Path) -> None:
    """Write both documents into a checkout."""
    (root / "docs" / "reference").mkdir(parents=True, exist_ok=True)
    (root / "docs" / "reference" / "settings.md").write_text(reference_page(), encoding="utf-8")
    (root / "config.example.toml").write_text(example_file(), encoding="utf-8")


if __name__ == "__main__":
    write_documents(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
