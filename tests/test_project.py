"""Documents match the code: links, commands, maps, sources, decisions, words."""

import ast
import configparser
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts import docs
from scripts import map as module_map

from postroom.schema.choices import Reason

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "postroom"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changes").glob("*.md")])
MODULES = sorted(SOURCE.rglob("*.py"))
CODE = sorted(
    path
    for top in ("src", "tests", "bench", "scripts")
    for path in (ROOT / top).rglob("*.py")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
#: Pages that tell what was true when they were written; they are not rewritten when files move.
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(page: Path) -> str:
    """Return the page without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def rows(page: Path, first_cell: str) -> Iterator[str]:
    """Yield what `first_cell` finds at the beginning of the page's table rows."""
    yield from re.findall(rf"^\| {first_cell} \|", page.read_text(encoding="utf-8"), re.MULTILINE)


# The way in


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80
    first_screen = [line.strip() for line in lines[:24]]
    assert "make demo" in first_screen
    assert "make test" in first_screen


def test_the_guide_for_contributors_is_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) < 100


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_make_command_in_a_page_is_a_target(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"`make ([a-z-]+)|^ {4,}make ([a-z-]+)", text, re.MULTILINE)
    assert {one or other for one, other in commands} <= makefile_targets()


def test_make_help_lists_every_target() -> None:
    listed = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in listed.splitlines()} == makefile_targets()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "\nmake test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "script",
    [ROOT / "scripts" / "setup", ROOT / "scripts" / "debian-packages", ROOT / ".ci" / "run"],
    ids=name,
)
def test_a_script_can_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    shell = (
        script.read_text(encoding="utf-8")
        .partition("\n")[0]
        .removeprefix("#!")
        .split()[-1]
        .rpartition("/")[2]
    )
    subprocess.run([shell, "-n", str(script)], check=True)


def test_what_may_not_be_installed_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    for program, what_it_does in {
        "dpkg-query": "case $4 in openssl) echo installed;; *) exit 1;; esac",
        "id": "echo 1000",
        "sudo": "exit 1",
        "apt-get": "echo 'must not be called' >&2; exit 99",
    }.items():
        stub = tmp_path / program
        stub.write_text(f"#!/bin/sh\n{what_it_does}\n", encoding="utf-8")
        stub.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    ran = subprocess.run(
        [ROOT / "scripts" / "debian-packages"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    wanted = (
        "apt-get install --no-install-recommends dovecot-imapd dovecot-pop3d postfix postgresql chromium\n"
    )
    assert wanted in ran.stderr
    assert "must not be called" not in ran.stderr


# Pages and what they point to


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://|mailto:", target):
            continue
        path, _, anchor = target.partition("#")
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{target} does not exist"
        assert not anchor or anchor in anchors(goal), f"{target}: no such heading"


@pytest.mark.parametrize("page", [page for page in PAGES if page not in DECISIONS], ids=name)
def test_a_file_that_a_page_names_exists(page: Path) -> None:
    for path in re.findall(r"`((?:[\w.-]+/)+(?:[\w-]*\.\w+)?|[\w-]+\.py)`", prose(page)):
        assert (SOURCE / path).exists() or (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_is_linked_from_another(page: Path) -> None:
    if page.parent == ROOT or page.parent.name == "changes":
        return
    others = "".join(other.read_text(encoding="utf-8") for other in PAGES if other != page)
    assert re.search(rf"\]\([^)]*{re.escape(page.name)}[)#]", others), "nobody will find it"


def test_the_generated_pages_are_fresh() -> None:
    stale = [
        name(page)
        for page, text in docs.generated().items()
        if not page.exists() or page.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make docs`"


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "reference"], ids=name)
def test_a_command_in_a_page_exists(page: Path) -> None:
    known = {words for words, _ in docs.commands()}
    groups = {words.rpartition(" ")[0] for words in known}
    text = page.read_text(encoding="utf-8")
    for words in re.findall(r"(?:`|/|^ {4,})(postroom(?: [a-z][a-z-]+(?![\w@.-]))+)", text, re.MULTILINE):
        # Behind a command may follow a word that is its argument.
        assert words in known or words.rpartition(" ")[0] in known - groups, words


# The code as the pages describe it


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_a_module_says_in_one_line_what_it_holds(module: Path) -> None:
    summary = module_map.summary_of(module)
    assert summary, "the module has no docstring"
    assert len(summary) < 90
    assert summary.endswith((".", ";", ":")), "the first line is a sentence of its own"


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {module.parent for module in MODULES}
    packages = {init.parent for init in SOURCE.rglob("__init__.py")}
    # Migrations are files that Alembic reads by their path.
    assert folders - packages <= {SOURCE / "store" / "migrations" / "versions"}


FORBIDDEN_MODULES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "misc",
    "core",
    "manager",
    "base",
    "shared",
}
FORBIDDEN_SUFFIXES = ("Manager", "Helper", "Processor", "Impl", "Util", "Utils")


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_names_say_what_a_thing_is(module: Path) -> None:
    assert module.stem not in FORBIDDEN_MODULES
    assert module.parent.name not in FORBIDDEN_MODULES
    classes = [
        node.name for node in ast.walk(ast.parse(module.read_bytes())) if isinstance(node, ast.ClassDef)
    ]
    assert [each for each in classes if each.endswith(FORBIDDEN_SUFFIXES)] == []


def source_keys() -> set[str]:
    return set(rows(ROOT / "docs" / "sources.md", r"\[([A-Z0-9-]+)\]\(https://[^)]+\)"))


@pytest.mark.parametrize("module", CODE, ids=name)
def test_a_source_is_one_that_is_listed(module: Path) -> None:
    used = re.findall(r"# source: *(\S*)", module.read_text(encoding="utf-8"), re.IGNORECASE)
    assert {key.rstrip(".,;") for key in used if module != Path(__file__)} <= source_keys()


def test_every_reason_has_its_sentence() -> None:
    sentences = [reason.sentence for reason in Reason]
    assert all(re.fullmatch(r"[A-Z].{15,}\.", sentence) for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


def test_a_layer_is_optional_only_until_it_is_built() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = re.findall(r"(\()?(\w+)\)?", contracts["importlinter:contract:layers"]["layers"])
    planned = {layer for bracket, layer in layers if bracket}
    built = {layer for bracket, layer in layers if not bracket}
    for layer in built:
        assert (SOURCE / layer / "__init__.py").exists() or (SOURCE / f"{layer}.py").exists(), layer
    for layer in planned:
        assert not (SOURCE / layer / "__init__.py").exists(), f"{layer} is built; take away its parentheses"


# Decisions and words


def dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(each for extra in project["project"]["optional-dependencies"].values() for each in extra),
        *(each for group in project["dependency-groups"].values() for each in group),
    ]
    return {re.split(r"[\[<>=~! ;]", each)[0].lower() for each in listed}


def test_every_dependency_has_its_decision() -> None:
    decided = "".join(page.read_text(encoding="utf-8") for page in DECISIONS)
    assert {each for each in dependencies() if f"`{each}`" not in decided} == set()


def test_every_decision_has_its_number_and_three_headings_and_is_listed() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    for number, page in enumerate(DECISIONS, start=1):
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {number:04}: ")
        assert page.name.startswith(f"{number:04}-")
        assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
        assert f"]({page.name})" in index


def glossary() -> list[str]:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    return re.findall(r"^- \*\*(.+?)\*\*: ", text, re.MULTILINE)


def test_the_glossary_is_in_order_and_has_no_word_twice() -> None:
    assert glossary() == sorted(set(glossary()))


#: Words of parts that are planned; each leaves this list when its part is built.
PLANNED_WORDS = {"action", "agreed", "change", "cursor", "item", "pair", "plan", "side", "token"}


def test_a_word_of_the_glossary_is_used_in_the_code() -> None:
    code = "".join(module.read_text(encoding="utf-8") for module in MODULES).lower()
    spoken = re.sub(r"[\s_]+", " ", code)
    unused = {word for word in glossary() if word not in spoken and word.replace(" ", "") not in spoken}
    assert unused - PLANNED_WORDS == set()


def test_an_entry_under_changes_has_a_kind() -> None:
    kinds = {"added", "changed", "fixed", "removed", "security"}
    entries = {path for path in (ROOT / "changes").iterdir() if path.name != "README.md"}
    assert {path.suffixes[-2].removeprefix(".") for path in entries} <= kinds


def texts() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for path in (ROOT / line for line in listed.splitlines()):
        if path.is_file() and path.suffix in {"", ".cfg", ".md", ".py", ".sh", ".toml"}:
            yield path


def test_nothing_points_outside_the_project() -> None:
    outside = re.compile(r"(?<![\w-])(?:/work/|\.\./\.\./\.\.|shared/(?:spec|design))")
    found = [
        name(path)
        for path in texts()
        if path != Path(__file__) and outside.search(path.read_text(errors="replace"))
    ]
    assert found == []
