"""Commands on the keys that seal passwords: list, make, prepare, rotate, retire."""

import typer

from postroom.app import keys
from postroom.app.secrets import make_line
from postroom.cli.exit import Exit
from postroom.cli.session import opened
from postroom.cli.show import AsJson, complain, progress_of, say, show_records

commands = typer.Typer(help="The keys that seal stored passwords, and their rotation.")


def add_to(app: typer.Typer) -> None:
    """Put the group into the application."""
    app.add_typer(commands, name="secret")


@commands.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """Show every key by its name, what it is for, and how many secrets are sealed with it."""
    with opened() as postroom, postroom.database.read() as connection:
        usage = keys.usage(connection)
    secrets = postroom.secrets
    rows = [
        {"key": name, "use": _use(name, secrets.current, secrets.waiting), "secrets": usage.get(name, 0)}
        for name in secrets.names
    ]
    rows += [
        {"key": name, "use": "not at hand: bring it back, or enter these secrets anew", "secrets": number}
        for name, number in usage.items()
        if name not in secrets.names
    ]
    show_records(rows, ("key", "secrets", "use"), as_json=as_json)


def _use(name: str, current: str, waiting: str) -> str:
    if name == current:
        return "seals and opens"
    return "seals from the next rotation on" if name == waiting else "opens only"


@commands.command("make")
def make(
    name: str = typer.Argument("k1", metavar="NAME", help="The key's name: letters, digits, - and _."),
) -> None:
    """Print a new key as a line for POSTROOM_SECRET_KEY or whatever secret_key_command asks; keep nothing."""
    typer.echo(make_line(name), nl=False)


@commands.command("prepare")
def prepare() -> None:
    """Add a key that opens already and seals from the next rotation on; then bring the file to all hosts."""
    with opened() as postroom:
        name = keys.prepare(postroom.settings)
    say(
        f"Key {name} waits in {postroom.settings.secret_key_file}. Bring the file to every host, then rotate."
    )


@commands.command("rotate")
def rotate() -> None:
    """Seal every stored password with a new key; say it again if it was broken off, and it goes on.

    Workers on this host need no restart. With several hosts, say `postroom secret prepare` first.
    """
    with opened() as postroom, progress_of("Sealing") as progress:
        came_to = keys.rotate(postroom.settings, postroom.database, on_done=progress)
    how = "is new and seals" if came_to.is_new else "goes on sealing"
    say(f"Key {came_to.current} {how}; {came_to.resealed.done} secrets were sealed anew.")
    if came_to.resealed.problems:
        complain(came_to.resealed.problems)
        raise typer.Exit(Exit.PARTLY_DONE)


@commands.command("retire")
def retire() -> None:
    """Take keys out of the key file that nothing is sealed with; older back-ups still need them."""
    with opened() as postroom:
        gone = keys.retire(postroom.settings, postroom.database)
    say(f"Took out: {', '.join(gone)}." if gone else "Every key is in use.")
