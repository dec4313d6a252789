"""dynamics-web-api, the client of many programs in Node, against a running server over TLS."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.company import on_sqlite
from tests.support.web import a_postroom, serving

from postroom.api.auth import KeyHolder, create_key
from postroom.schema.choices import Role
from postroom.store.records import Records

_PACKAGE = "dynamics-web-api@2"
_SCRIPT = Path(__file__).with_name("dynamics_web_api.mjs")


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the package in it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed")
    directory = tmp_path_factory.mktemp("node")
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(directory), _PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"npm could not fetch {_PACKAGE}")
    return directory


@on_sqlite
def test_a_program_in_node_finds_what_it_knows_of_dataverse(
    records: Records, tmp_path: Path, modules: Path
) -> None:
    postroom = a_postroom(records, tmp_path)
    with postroom.database.write() as connection:
        key = create_key(connection, "node", KeyHolder(Role.ADMINISTRATOR), postroom.clock.now())
    authority = Authority()
    trusted = tmp_path / "authority.pem"
    trusted.write_text(authority.pem)
    with serving(postroom, *authority.leaf().write(tmp_path)) as server:
        environment = {
            "PATH": os.environ["PATH"],
            "NODE_EXTRA_CA_CERTS": str(trusted),
            "POSTROOM_TEST_URL": server.url.replace("127.0.0.1", "localhost"),
            "POSTROOM_TEST_KEY": key,
            "POSTROOM_TEST_MODULES": f"{modules}/",
        }
        done = subprocess.run(
            ["node", str(_SCRIPT)], env=environment, capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("who")["UserId"] == "00000000-0000-7000-8000-000000000003"
    assert found == {
        "made": "A",
        "row": ["A", "Ann", "Contoso"],
        "pages": [["A", "B"], 3, True],
        "all": ["A", "B", "C"],
        "count": 2,
        "fetched": ["A", "B"],
        "associated": 2,
        "disassociated": 1,
        "upserted": ["Uno"],
        "batch": 3,
        "batched": ["Batch"],
        "stale": False,
        "kept": "Newer",
        "table": "contacts",
        "choices": True,
        "gone": [404, "0x80040217"],
    }
