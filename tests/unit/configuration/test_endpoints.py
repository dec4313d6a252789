"""Where a profile's servers are and how they are spoken to."""

from typing import Any

import pytest

from postroom.configuration.endpoints import (
    LONGEST_WAIT_SECONDS,
    Encryption,
    Protocol,
    encryption_for,
    incoming_server,
    outgoing_server,
    speaks_pop3,
    timeout_seconds,
)
from postroom.schema.choices import ConnectionSecurity, ServerType

PROFILE: dict[str, Any] = {
    "servertype": 1,
    "incomingserverlocation": "pop.example",
    "outgoingserverlocation": "smtp.example",
}


def test_a_profile_that_says_nothing_more_is_encrypted_on_the_usual_ports() -> None:
    server = incoming_server(PROFILE)
    assert (server.protocol, server.host, server.port) == (Protocol.POP3, "pop.example", 995)
    assert (server.encryption, server.timeout) == (Encryption.IMPLICIT, LONGEST_WAIT_SECONDS)
    server = outgoing_server(PROFILE)
    assert (server.protocol, server.host, server.port) == (Protocol.SMTP, "smtp.example", 587)
    assert server.encryption is Encryption.UPGRADE


@pytest.mark.parametrize(
    ("protocol", "port", "expected"),
    [
        (Protocol.POP3, 110, Encryption.UPGRADE),
        (Protocol.POP3, 995, Encryption.IMPLICIT),
        (Protocol.POP3, 5995, Encryption.IMPLICIT),
        (Protocol.SMTP, 25, Encryption.UPGRADE),
        (Protocol.SMTP, 465, Encryption.IMPLICIT),
        (Protocol.SMTP, 2525, Encryption.UPGRADE),
    ],
)
def test_the_port_says_how_tls_begins_unless_the_profile_does(
    protocol: Protocol, port: int, expected: Encryption
) -> None:
    automatic = ConnectionSecurity.AUTOMATIC
    assert encryption_for(protocol, port, encrypted=True, mode=automatic) is expected
    assert encryption_for(protocol, port, encrypted=False, mode=automatic) is Encryption.NONE
    implicit, upgrade = ConnectionSecurity.IMPLICIT_TLS, ConnectionSecurity.UPGRADE
    assert encryption_for(protocol, port, encrypted=True, mode=implicit) is Encryption.IMPLICIT
    assert encryption_for(protocol, port, encrypted=True, mode=upgrade) is Encryption.UPGRADE


def test_a_profile_without_encryption_uses_the_plain_ports() -> None:
    plain = {**PROFILE, "incomingusessl": False, "outgoingusessl": False}
    assert (incoming_server(plain).port, incoming_server(plain).encryption) == (110, Encryption.NONE)
    assert (outgoing_server(plain).port, outgoing_server(plain).encryption) == (25, Encryption.NONE)


def test_a_location_left_out_is_found_elsewhere() -> None:
    one = {"incomingserverlocation": " mail.example ", "usesamesettingsforoutgoingconnections": True}
    assert outgoing_server(one).host == "mail.example"
    assert outgoing_server({"incomingserverlocation": "mail.example"}).host == ""
    assert outgoing_server({"defaultserverlocation": "default.example"}).host == "default.example"
    assert incoming_server({"incomingserverlocation": "[::1]"}).host == "::1"


def test_what_a_private_authority_vouches_for_is_trusted() -> None:
    assert incoming_server({**PROFILE, "postroom_trustedauthority": "PEM"}).trusted_authority == "PEM"
    assert incoming_server({**PROFILE, "postroom_incomingtls": 2}).encryption is Encryption.UPGRADE


@pytest.mark.parametrize(
    ("profile", "seconds"),
    [
        ({}, 100.0),
        ({"timeoutmailboxconnectionafteramount": 2500}, 2.5),
        ({"timeoutmailboxconnectionafteramount": 0}, 100.0),
        ({"timeoutmailboxconnection": False, "timeoutmailboxconnectionafteramount": 2500}, 100.0),
        ({"timeoutmailboxconnectionafteramount": 900_000}, 100.0),
    ],
)
def test_no_wait_is_longer_than_the_profile_and_the_installation_allow(
    profile: dict[str, Any], seconds: float
) -> None:
    assert timeout_seconds(profile) == seconds


def test_only_one_kind_of_server_is_read_by_pop3() -> None:
    assert [kind for kind in (*ServerType, None) if speaks_pop3(kind)] == [ServerType.POP3_SMTP]
