"""The sandbox's mailboxes keep what they are given, also in a directory and over a restart."""

from pathlib import Path

import pytest

from postroom.errors import UserError
from postroom.sandbox.faults import Fault, Faults, Misbehaviour, read_faults
from postroom.sandbox.mailboxes import SandboxMailboxes


@pytest.fixture(params=["memory", "directory"])
def mailboxes(request: pytest.FixtureRequest, tmp_path: Path) -> SandboxMailboxes:
    made = SandboxMailboxes(tmp_path / "mail" if request.param == "directory" else None)
    made.open_account("Info@Example.com", "pw")
    return made


def test_a_message_lies_in_the_mailbox_of_its_address(mailboxes: SandboxMailboxes) -> None:
    uidl = mailboxes.deliver("INFO@example.com", b"Subject: x\n\nbody\n")
    (kept,) = mailboxes.list("info@example.com")
    assert (kept.uidl, kept.size, kept.read()) == (uidl, 20, b"Subject: x\r\n\r\nbody\r\n")


def test_an_address_that_nobody_has_takes_nothing(mailboxes: SandboxMailboxes) -> None:
    assert not mailboxes.takes("nobody@example.com")
    with pytest.raises(LookupError):
        mailboxes.deliver("nobody@example.com", b"x")


def test_a_catch_all_takes_what_nobody_else_does() -> None:
    mailboxes = SandboxMailboxes(catch_all="World@example.com")
    assert not mailboxes.takes("a@b.example")
    mailboxes.open_account("world@example.com", "pw")
    mailboxes.deliver("a@b.example", b"x")
    assert len(mailboxes.list("world@example.com")) == 1


def test_only_the_right_password_is_admitted(mailboxes: SandboxMailboxes) -> None:
    assert mailboxes.admits("info@example.com", "pw")
    assert not mailboxes.admits("info@example.com", "")
    assert not mailboxes.admits("nobody@example.com", "pw")
    mailboxes.open_account("info@example.com", "new")
    assert mailboxes.admits("INFO@example.com", "new")


def test_deleting_removes_these_and_no_others(mailboxes: SandboxMailboxes) -> None:
    uidls = [mailboxes.deliver("info@example.com", b"%d" % n) for n in range(3)]
    mailboxes.delete("info@example.com", [uidls[1], "unknown"])
    assert [kept.uidl for kept in mailboxes.list("info@example.com")] == [uidls[0], uidls[2]]


def test_renumbering_changes_every_id_and_no_message(mailboxes: SandboxMailboxes) -> None:
    uidls = {mailboxes.deliver("info@example.com", b"%d" % n) for n in range(3)}
    mailboxes.renumber("info@example.com")
    after = mailboxes.list("info@example.com")
    assert [kept.read() for kept in after] == [b"0", b"1", b"2"]
    assert not uidls & {kept.uidl for kept in after}


def test_a_sandbox_in_a_directory_can_be_ended_and_started_again(tmp_path: Path) -> None:
    first = SandboxMailboxes(tmp_path)
    first.open_account("info@example.com", "pw")
    first.open_account("../odd@example.com", "pw")
    uidl = first.deliver("info@example.com", b"one")
    first.deliver("../odd@example.com", b"two")
    again = SandboxMailboxes(tmp_path)
    assert again.users() == first.users()
    assert [kept.uidl for kept in again.list("info@example.com")] == [uidl]
    assert again.list("../odd@example.com")[0].read() == b"two"
    assert again.deliver("info@example.com", b"three") != uidl
    assert [kept.read() for kept in SandboxMailboxes(tmp_path).list("info@example.com")] == [b"one", b"three"]
    assert not list(tmp_path.parent.glob("odd*"))


def test_one_session_at_a_time_has_the_mailbox(mailboxes: SandboxMailboxes) -> None:
    with mailboxes.session("info@example.com") as first:
        assert first
        with mailboxes.session("info@example.com") as second:
            assert not second
    with mailboxes.session("info@example.com") as third:
        assert third


def test_a_fault_strikes_where_and_as_often_as_it_is_told() -> None:
    faults = Faults(Fault(Misbehaviour.HANG, user="A@x", at=2, times=1))
    assert faults.strike(Misbehaviour.HANG, "a@x", 1) is None
    assert faults.strike(Misbehaviour.HANG, "b@x", 2) is None
    assert faults.strike(Misbehaviour.DRIP, "a@x", 2) is None
    assert faults.strike(Misbehaviour.HANG, "a@x", 2) is not None
    assert faults.strike(Misbehaviour.HANG, "a@x", 2) is None
    faults.add(Fault(Misbehaviour.SLOW))
    faults.clear()
    assert faults.strike(Misbehaviour.SLOW) is None


def test_described_faults_list_all_mistakes() -> None:
    with pytest.raises(UserError) as caught:
        read_faults([{"kind": "hang"}, {"kind": "dance"}, {"kind": "drip", "whom": "a"}])
    assert len(caught.value.problems) == 2
    assert "dance" in str(caught.value)
    assert "whom" in str(caught.value)
