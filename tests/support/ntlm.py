"""NTLM on the server's side: the sandbox's Exchange lets in who signs in so, connection by connection."""

import base64
from pathlib import Path

import pytest
import spnego

from postroom.sandbox.exchange.http import Connection


def speak_ntlm(
    monkeypatch: pytest.MonkeyPatch, directory: Path, user: str, password: str, address: str
) -> list[str]:
    """Let sandboxes take NTLM and nothing else; return a list of the steps that clients take.

    Who signs in as the user is the owner of the address.
    """
    users = directory / "ntlm.users"
    users.write_text(f"DOMAIN:{user}:{password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    steps: list[str] = []

    def who(self: Connection) -> str | None:
        if getattr(self, "ntlm_user", None):
            steps.append("kept")
            return address
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        challenge = "NTLM"
        if scheme == "NTLM" and token:
            context = getattr(self, "ntlm", None) or spnego.server(protocol="ntlm")
            self.ntlm = context  # type: ignore[attr-defined]
            try:
                answer = context.step(base64.b64decode(token))
            except spnego.exceptions.SpnegoError:
                answer = None
                steps.append("refused")
            if context.complete:
                steps.append("let in")
                self.ntlm_user = user  # type: ignore[attr-defined]
                return address
            if answer:
                steps.append("challenged")
                challenge = f"NTLM {base64.b64encode(answer).decode()}"
        self._reply(401, b"", challenges=(challenge,))  # type: ignore[arg-type]
        return None

    monkeypatch.setattr(Connection, "_who", who)
    return steps
