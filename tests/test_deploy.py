"""What lies in deploy/ fits the code: metrics, commands, settings, and the tools that read it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Metric
from scripts import docs

from postroom.app.metrics import Metrics
from postroom.app.settings import every_setting
from postroom.engine.work import Course, Finished
from postroom.errors import Unreachable
from postroom.passes.result import PassResult
from postroom.ports.clock import ManualClock
from postroom.schema.choices import Workload
from postroom.schema.ids import new_id
from postroom.store.database import Database
from postroom.store.workloads import Ticket

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
#: Metrics of Prometheus itself, about what it asks.
ITS_OWN = {"up"}
#: Labels that Prometheus adds by itself.
ITS_LABELS = {"job", "instance"}


# Metrics


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> list[Metric]:
    """Every metric, after a pass that counted in each."""
    path = tmp_path_factory.mktemp("metrics") / "store.sqlite"
    from postroom.store import migrations

    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    metrics = Metrics(database, ManualClock(NOON))
    with metrics.witness(course := Course(Ticket(new_id(), Workload.INCOMING, 1, NOON))):
        counts = {"tracked/SENDER_MATCH": 1, "octets": 1}
        course.finished = Finished(PassResult(2, 1, counts=counts, failure=Unreachable("x")))
    list(metrics.polled(lambda mailboxes: ((each, True) for each in mailboxes))([new_id()]))
    found = list(metrics.registry.collect())
    database.dispose()
    return found


def ours(families: list[Metric]) -> dict[str, set[str]]:
    """Return the names of our metrics with all that their samples are called."""
    return {
        family.name: {sample.name for sample in family.samples}
        for family in families
        if family.name.startswith("postroom_")
    }


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression of the dashboard and of the rules, with the name of what it is for."""
    board = json.loads((DEPLOY / "grafana" / "postroom.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for rule in alert_rules():
        yield rule["alert"], rule["expr"]


def alert_rules() -> list[dict[str, Any]]:
    document = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:postroom|process|python)_\w+", expression)) | (
        {"up"} if re.search(r"\bup\b", expression) else set()
    )


def labels_in(expression: str) -> set[str]:
    grouped = re.findall(r"\bby \(([^)]*)\)", expression)
    chosen = re.findall(r"(\w+)=~?\"", expression)
    return {label.strip() for some in grouped for label in some.split(",")} | set(chosen)


def test_every_metric_and_label_on_the_dashboard_and_in_the_rules_exists(families: list[Metric]) -> None:
    samples = {sample.name for family in families for sample in family.samples} | ITS_OWN
    labels = {label for family in families for sample in family.samples for label in sample.labels}
    for title, expression in expressions():
        assert metrics_in(expression), title
        assert metrics_in(expression) <= samples, title
        assert labels_in(expression) <= labels | ITS_LABELS, title


def test_every_metric_of_ours_is_on_the_dashboard(families: list[Metric]) -> None:
    board = json.loads((DEPLOY / "grafana" / "postroom.json").read_text())
    shown = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in metrics_in(target["expr"])
    }
    missing = [name for name, samples in ours(families).items() if not samples & shown]
    assert missing == []


def test_every_metric_says_what_it_is_and_has_its_unit_in_its_name(families: list[Metric]) -> None:
    for family in families:
        if family.name.startswith("postroom_"):
            assert re.fullmatch(r"[A-Z].{15,}\.", family.documentation), family.name
            assert not re.search(r"_(ms|milliseconds|kb|minutes)$", family.name)


def test_the_panels_lie_beside_each_other() -> None:
    board = json.loads((DEPLOY / "grafana" / "postroom.json").read_text())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_every_alert_says_what_is_wrong_and_what_cures_it() -> None:
    for rule in alert_rules():
        assert set(rule["annotations"]) == {"summary", "cure"}, rule["alert"]
        assert rule["labels"]["severity"] in {"warning", "critical"}


# Commands and settings that are named


def commands() -> set[str]:
    return {words for words, _ in docs.commands()}


def settings_named(text: str) -> set[str]:
    return set(re.findall(r"\bPOSTROOM_[A-Z_]+", text))


#: Variables of the composition that are no settings.
OTHERS = {"POSTROOM_DATABASE_PASSWORD", "POSTROOM_CONFIG"}


@pytest.mark.parametrize(
    "path", sorted(path for path in DEPLOY.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_a_setting_that_is_named_exists(path: Path) -> None:
    known = {setting.variable for setting in every_setting()} | OTHERS
    assert settings_named(path.read_text(encoding="utf-8")) <= known


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda u: u.name)
def test_a_unit_runs_a_command_that_exists(unit: Path) -> None:
    (line,) = re.findall(r"^ExecStart=\S+/postroom (.*)$", unit.read_text(), re.MULTILINE)
    assert f"postroom {line.split()[0]}" in commands()
    known = {option for words, command in docs.commands() for each in command.params for option in each.opts}
    assert {word for word in line.split() if word.startswith("--")} <= known


# systemd


def complaints(units: Iterator[Path] | list[Path], directory: Path) -> str:
    """Return what systemd says of units, whose program stands for one that is here."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in units:
        text = unit.read_text().replace("/opt/postroom/.venv/bin/postroom", "/bin/true")
        (directory / unit.name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(path) for path in sorted(directory.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if "Failed to" in done.stderr and "bus" in done.stderr:
        pytest.skip(f"systemd-analyze can't work here: {done.stderr.strip()[:200]}")
    said = [line for line in done.stderr.splitlines() if any(unit.name in line for unit in UNITS)]
    return "\n".join(said) + ("" if done.returncode == 0 else f"\nended with {done.returncode}")


def test_the_units_are_ones_that_systemd_takes(tmp_path: Path) -> None:
    assert complaints(UNITS, tmp_path) == ""


def test_a_mistake_in_a_unit_would_be_seen(tmp_path: Path) -> None:
    wrong = tmp_path / "source" / "postroom-worker.service"
    wrong.parent.mkdir()
    text = (DEPLOY / "systemd" / "postroom-worker.service").read_text()
    wrong.write_text(text.replace("Restart=always", "Restrat=always"))
    checked = tmp_path / "checked"
    checked.mkdir()
    assert "Restrat" in complaints([wrong], checked)


# Containers


@pytest.fixture(scope="module")
def composition() -> dict[str, Any]:
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(document, dict)
    return document


#: What a service may have here, and of which kind it is.
KEYS: dict[str, type | tuple[type, ...]] = {
    "build": dict,
    "cap_drop": list,
    "command": list,
    "depends_on": dict,
    "environment": dict,
    "expose": list,
    "healthcheck": dict,
    "image": str,
    "ports": list,
    "profiles": list,
    "read_only": bool,
    "restart": str,
    "security_opt": list,
    "stop_grace_period": str,
    "tmpfs": list,
    "volumes": list,
}


def test_the_composition_has_the_form_that_compose_wants(composition: dict[str, Any]) -> None:
    extensions = {key for key in composition if key.startswith("x-")}
    assert set(composition) - extensions == {"name", "services", "volumes"}
    for name, service in composition["services"].items():
        for key, value in service.items():
            assert isinstance(value, KEYS[key]), f"{name}.{key}"
        for other, on in service.get("depends_on", {}).items():
            assert other in composition["services"], f"{name} waits for {other}"
            if on["condition"] == "service_healthy":
                assert "healthcheck" in composition["services"][other]


def test_what_is_mounted_is_declared_or_lies_there(composition: dict[str, Any]) -> None:
    for name, service in composition["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            there = (DEPLOY / source).exists() if source.startswith(".") else source in composition["volumes"]
            assert there, f"{name}: {volume}"


def test_images_of_others_are_pinned_and_ours_run_commands_that_exist(composition: dict[str, Any]) -> None:
    for name, service in composition["services"].items():
        if "build" in service:
            assert f"postroom {service['command'][0]}" in commands(), name
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).exists()
        else:
            assert re.search(r":v?\d[\w.-]*$", service["image"]), name


def test_only_loopback_is_opened_and_no_password_is_written_down(composition: dict[str, Any]) -> None:
    for name, service in composition["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for key, value in service.get("environment", {}).items():
            if "PASSWORD" in key or "URL" in key:
                assert "${POSTROOM_DATABASE_PASSWORD:?" in value, f"{name}.{key}"


def test_prometheus_asks_where_workers_answer(composition: dict[str, Any]) -> None:
    asked = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (job,) = asked["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert job["job_name"] == "postroom"
    assert [str(found["port"])] == composition["services"][found["names"][0]]["expose"]
    assert asked["rule_files"] == ["alerts.yml"]
    assert f"POSTROOM_OBSERVE_METRICS_PORT={found['port']}" in (DEPLOY / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """Return what the Dockerfile says, an instruction and its words each."""
    text = (DEPLOY / "Dockerfile").read_text()
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]


def test_the_image_is_pinned_runs_as_nobody_special_and_stops_when_told() -> None:
    said = instructions()
    known = {"FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL"}
    assert {name for name, _ in said} <= known | {"HEALTHCHECK", "ENTRYPOINT", "CMD"}
    bases = [words.split()[0] for name, words in said if name == "FROM"]
    assert all(re.fullmatch(r"python:\d+\.\d+-[\w-]+", base) for base in bases)
    last = said[max(at for at, (name, _) in enumerate(said) if name == "FROM") :]
    assert dict(last)["USER"] not in ("root", "0")
    assert dict(last)["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(dict(last)["ENTRYPOINT"]) == ["postroom"]
    assert f"postroom {json.loads(dict(last)['CMD'])[0]}" in commands()


def test_what_goes_into_the_image_is_there_and_not_left_out() -> None:
    kept = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for name, words in instructions()
        if name == "COPY" and "--from" not in words
        for source in words.split()[:-1]
    }
    assert {source.removeprefix("./") for source in copied} == kept
    assert all((ROOT / source).exists() for source in copied)
