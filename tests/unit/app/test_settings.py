"""Settings: which source wins, what is refused, and documents that match the code."""

from pathlib import Path

import pytest

from postroom.app.settings import LogFormat, every_setting, example_file, read_settings, reference_page
from postroom.errors import UserError

_ROOT = Path(__file__).resolve().parents[3]


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = read_settings({"POSTROOM_HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/postroom.sqlite"
    assert settings.secret_key_file == tmp_path / "secret.key"
    assert settings.mail.maximum_message_size == 52_428_800
    assert settings.mail.allow_plaintext is False


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "[mail]\nbatch_size = 5\ntimeout_seconds = 7\n"
        '[log]\nformat = "json"\n'
        "[sending]\nretry_delays = [1, 2]\n"
    )
    settings = read_settings({"POSTROOM_HOME": str(tmp_path), "POSTROOM_MAIL_BATCH_SIZE": "6"})
    assert settings.mail.batch_size == 6
    assert settings.mail.timeout_seconds == 7
    assert settings.log.format is LogFormat.JSON
    assert settings.sending.retry_delays == (1.0, 2.0)
    listed = read_settings({"POSTROOM_HOME": str(tmp_path), "POSTROOM_SENDING_RETRY_DELAYS": "3,4.5"})
    assert listed.sending.retry_delays == (3.0, 4.5)


def test_every_setting_has_a_variable_of_its_own_that_works(tmp_path: Path) -> None:
    variables = [setting.variable for setting in every_setting()]
    assert len(set(variables)) == len(variables)
    assert all(setting.said for setting in every_setting())
    for setting in every_setting():
        if isinstance(setting.default, int) and not isinstance(setting.default, bool):
            settings = read_settings({"POSTROOM_HOME": str(tmp_path), setting.variable: "3"})
            group, _, name = setting.key.rpartition(".")
            assert getattr(getattr(settings, group), name) == 3


def test_all_mistakes_are_reported_at_once_without_values(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text('hom = "x"\n[mail]\nbatch = 3\ntimeout_seconds = -1\n[nowhere]\na = 1\n')
    with pytest.raises(UserError) as fault:
        read_settings(
            {
                "POSTROOM_CONFIG": str(config),
                "POSTROOM_MAIL_BATCH_SIZ": "7",
                "POSTROOM_WORKER_THREADS": "hunter2",
                "UNRELATED": "x",
            }
        )
    problems = fault.value.problems
    assert len(problems) == 6
    assert "POSTROOM_MAIL_BATCH_SIZ is no setting. Did you mean POSTROOM_MAIL_BATCH_SIZE?" in problems
    assert f"{config}: mail.batch is no setting. Did you mean mail.batch_size?" in problems
    assert any(problem.startswith("POSTROOM_WORKER_THREADS: ") for problem in problems)
    assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize("content", ["[mail", "\xff"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=r"config\.toml (is not TOML|can't be read)"):
        read_settings({"POSTROOM_HOME": str(tmp_path)})


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_settings({"POSTROOM_CONFIG": str(tmp_path / "none.toml")})


def test_the_secret_key_is_not_shown_by_accident() -> None:
    settings = read_settings({"POSTROOM_SECRET_KEY": "c2VjcmV0", "POSTROOM_HOME": "/nowhere"})
    assert "c2VjcmV0" not in repr(settings)


def test_the_documents_match_the_settings() -> None:
    assert (_ROOT / "docs/reference/settings.md").read_text() == reference_page()
    assert (_ROOT / "config.example.toml").read_text() == example_file()


def test_the_example_is_a_valid_file_with_every_default(tmp_path: Path) -> None:
    lines = example_file().splitlines()
    active = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line for line in lines
    ).replace('secret_key = ""', "")
    config = tmp_path / "config.toml"
    config.write_text(active)
    settings = read_settings({"POSTROOM_CONFIG": str(config), "POSTROOM_HOME": str(tmp_path)})
    assert settings.model_dump() == read_settings({"POSTROOM_HOME": str(tmp_path / "")}).model_dump()
