"""The corpus of the benchmarks: counts, proportions, and the same bytes for the same seed."""

import email
import hashlib
import itertools
from collections import Counter
from pathlib import Path

import pytest
from bench.corpus import DECK, DECK_SIZE, Case, Defect, Kind, correspondents, generate, main, write_maildir
from bench.languages import LANGUAGES

#: Changing the corpus makes earlier results incomparable: change this only on purpose.
FIRST_200 = "30abd32203657e061a282102151308794d4a6e9f54b8076efed589d95dfcf143"


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(generate(1000))


def _digest(cases: list[Case]) -> str:
    whole = hashlib.sha256()
    for case in cases:
        whole.update(case.raw)
    return whole.hexdigest()


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert _digest(list(generate(60))) == _digest(list(generate(60)))


def test_the_corpus_is_still_the_one_that_results_were_taken_with(cases: list[Case]) -> None:
    assert _digest(cases[:200]) == FIRST_200


def test_another_seed_gives_other_bytes() -> None:
    assert _digest(list(generate(20))) != _digest(list(generate(20, seed=1)))


def test_a_longer_corpus_begins_with_the_shorter_one(cases: list[Case]) -> None:
    shorter = list(generate(250))
    assert len(shorter) == 250
    assert shorter == cases[:250]


def test_kinds_are_dealt_in_the_same_proportions_everywhere(cases: list[Case]) -> None:
    for start in range(0, 1000, DECK_SIZE):
        assert Counter(case.kind for case in cases[start : start + DECK_SIZE]) == DECK


def test_sizes_threads_and_tokens_have_the_described_proportions(cases: list[Case]) -> None:
    octets = sum(len(case.raw) for case in cases)
    files = sum(case.attachment_octets for case in cases)
    threads = {case.thread: case.token for case in cases}
    assert 56_000_000 < octets < 59_000_000
    assert 0.84 < files / octets < 0.88
    assert len(threads) == 557
    assert 0.30 < sum(map(bool, threads.values())) / len(threads) < 0.40
    assert sum(case.copies >= 20 for case in cases) == 20


def test_all_languages_charsets_and_defects_occur(cases: list[Case]) -> None:
    labels = {label for language in LANGUAGES for label in language.charsets}
    assert len(LANGUAGES) == 10
    assert len(labels) == 17
    assert {case.language for case in cases} == {language.code for language in LANGUAGES}
    assert {case.charset for case in cases} == labels
    assert {case.defect for case in cases if case.kind is Kind.BROKEN} == set(Defect)
    assert len(set(Defect)) == 8


def test_every_text_can_be_written_in_every_charset_of_its_language() -> None:
    for language in LANGUAGES:
        for label, sentence in itertools.product(
            language.charsets, (*language.sentences, *language.subjects)
        ):
            assert sentence.encode(label).decode(label) == sentence


def test_message_ids_are_unique_and_stand_in_the_message(cases: list[Case]) -> None:
    named = [case for case in cases if case.message_id]
    assert len({case.message_id for case in named}) == len(named)
    assert all(f"Message-ID: <{case.message_id}>".encode() in case.raw for case in named)
    assert {case.defect for case in cases if not case.message_id} == {Defect.BAD_HEADERS}


def test_an_ordinary_reader_finds_what_the_case_says(cases: list[Case]) -> None:
    for case in cases[:400]:
        if case.kind is Kind.BROKEN:
            continue
        message = email.message_from_bytes(case.raw)
        files = [part for part in message.walk() if part.get_content_disposition() == "attachment"]
        assert not message.defects
        assert message["Message-ID"] == f"<{case.message_id}>"
        assert len(files) == case.attachments


def test_every_line_ends_with_cr_and_lf(cases: list[Case]) -> None:
    assert all(case.raw.count(b"\n") == case.raw.count(b"\r\n") == case.raw.count(b"\r") for case in cases)


def test_correspondents_are_the_writers_of_the_mail(cases: list[Case]) -> None:
    known = {person.address for person in correspondents()}
    assert {case.sender for case in cases if case.kind is not Kind.DSN} <= known


def test_maildir_names_carry_both_sizes(tmp_path: Path, cases: list[Case]) -> None:
    octets = write_maildir(cases[:30], tmp_path)
    files = sorted((tmp_path / "cur").iterdir())
    assert octets == sum(len(case.raw) for case in cases[:30])
    for file, case in zip(files, cases[:30], strict=True):
        assert f",S={file.stat().st_size},W={len(case.raw)}:2," in file.name
        assert file.read_bytes().replace(b"\n", b"\r\n") == case.raw


def test_the_command_writes_numbered_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "5", "--out", str(tmp_path), "--format", "files"]) == 0
    assert [file.name for file in sorted(tmp_path.iterdir())] == [f"{number:06d}.eml" for number in range(5)]
    assert "5 messages" in capsys.readouterr().out
