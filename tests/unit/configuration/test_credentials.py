"""Whose credentials open a mailbox, in both directions."""

from typing import Any

import pytest

from postroom.configuration.credentials import NO_CREDENTIALS, CredentialPlace, credentials_for
from postroom.configuration.permission import Obstacle
from postroom.schema.choices import CredentialRetrieval, Workload

IN, OUT = Workload.INCOMING, Workload.OUTGOING
OF_MAILBOX = CredentialPlace("mailbox", "username", "password")
MAILBOX = {"allowemailconnectortousecredentials": True, "username": "ann", "ispasswordset": True}
OWN = {
    "incomingcredentialretrieval": 1,
    "incomingusername": "in",
    "isincomingpasswordset": True,
    "usesamesettingsforoutgoingconnections": False,
}
SAME = {**OWN, "usesamesettingsforoutgoingconnections": True}


def of_profile(side: str) -> CredentialPlace:
    return CredentialPlace("emailserverprofile", f"{side}username", f"{side}password")


@pytest.mark.parametrize(
    ("workload", "profile", "place"),
    [
        (IN, {}, OF_MAILBOX),
        (OUT, {}, OF_MAILBOX),
        (IN, OWN, of_profile("incoming")),
        (OUT, OWN, OF_MAILBOX),
        (OUT, SAME, of_profile("incoming")),
        (OUT, {**SAME, "outgoingcredentialretrieval": 0}, of_profile("incoming")),
        (OUT, {**SAME, "outgoingcredentialretrieval": 1}, of_profile("incoming")),
        # Left over from a time when sending had credentials of its own.
        (OUT, {**SAME, "isoutgoingpasswordset": True}, of_profile("incoming")),
        (
            OUT,
            {
                **SAME,
                "outgoingcredentialretrieval": 1,
                "outgoingusername": "out",
                "isoutgoingpasswordset": True,
            },
            of_profile("outgoing"),
        ),
        (OUT, {**SAME, "outgoingcredentialretrieval": 4}, NO_CREDENTIALS),
        (OUT, {**OWN, "outgoingcredentialretrieval": 4}, NO_CREDENTIALS),
        (OUT, {"usesamesettingsforoutgoingconnections": True}, OF_MAILBOX),
    ],
)
def test_credentials_come_from_where_the_profile_says(
    workload: Workload, profile: dict[str, Any], place: CredentialPlace
) -> None:
    assert credentials_for(workload, MAILBOX, profile) == place


@pytest.mark.parametrize(
    ("workload", "mailbox", "profile", "code"),
    [
        (IN, {**MAILBOX, "allowemailconnectortousecredentials": False}, {}, 0x8005E229),
        (IN, {**MAILBOX, "username": ""}, {}, 0x8005E209),
        (OUT, {**MAILBOX, "ispasswordset": False}, {}, 0x8005E209),
        (IN, MAILBOX, {"incomingcredentialretrieval": 1}, 0x8005E251),
        (IN, MAILBOX, {**OWN, "isincomingpasswordset": False}, 0x8005E251),
        (OUT, MAILBOX, {"outgoingcredentialretrieval": 1}, 0x8005E252),
        (IN, MAILBOX, {"incomingcredentialretrieval": 4}, 0x8005E214),
        *[
            (
                workload,
                MAILBOX,
                {"incomingcredentialretrieval": kind, "outgoingcredentialretrieval": kind},
                0x8005E214,
            )
            for workload in (IN, OUT)
            for kind in CredentialRetrieval
            if kind not in (0, 1, 4)
        ],
    ],
)
def test_what_is_missing_has_its_code_and_its_cure(
    workload: Workload, mailbox: dict[str, Any], profile: dict[str, Any], code: int
) -> None:
    found = credentials_for(workload, mailbox, profile)
    assert isinstance(found, Obstacle)
    assert found.code == code
    assert found.sentence.endswith(".")
    assert found.cure
