"""Sign-in: API keys, and tokens that stand for a key for a while.

A key is 256 random bits, so its hash needs no salt and no slowness. A token is the key's id and an end,
sealed under the installation's own key: it can be neither forged nor read, and ends with its key.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets as dice
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from postroom.api.problems import Problem
from postroom.api.rights import Caller
from postroom.errors import UserError
from postroom.ports.secrets import Secrets
from postroom.schema.choices import Role
from postroom.schema.ids import SYSTEM_USER_ID, new_id
from postroom.schema.key import ApiKey
from postroom.schema.user import SystemUser

_KEY = ApiKey.__table__
_USER = SystemUser.__table__
_KEY_MARK: Final = "prk_"
_LENT_MARK: Final = "prt_"
_PLACE: Final = "postroom_key/token"
#: How long a token is good for. # source: RFC6749 4.4.3
TOKEN_LIFE: Final = timedelta(hours=1)
_LONGEST: Final = 4_096


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """On whose behalf a new key is to work."""

    role: Role
    user: UUID | None = None
    queues: Collection[UUID] = ()

    def check(self) -> None:
        """Refuse a role that needs somebody and has nobody."""
        if self.role is Role.MAILBOX_OWNER and self.user is None:
            raise UserError("A mailbox owner is a user: say which with --user.")
        if self.role is Role.QUEUE_MEMBER and not self.queues:
            raise UserError("A queue member belongs to queues: say to which with --queue.")


def create_key(
    connection: sa.Connection,
    name: str,
    holder: KeyHolder,
    now: datetime,
    expires: datetime | None = None,
) -> str:
    """Make a key and return its text, which nobody can find out again."""
    holder.check()
    if not name or len(name) > 100:
        raise UserError("The name of a key has 1 to 100 characters.")
    if connection.scalar(sa.select(_KEY.c.postroom_keyid).where(_KEY.c.name == name)) is not None:
        raise UserError(f"There is a key {name!r} already; revoke it first, or take another name.")
    id_ = new_id()
    text = f"{_KEY_MARK}{id_.hex}_{dice.token_urlsafe(32)}"
    connection.execute(
        sa.insert(_KEY).values(
            postroom_keyid=id_,
            name=name,
            keyhash=_hash(text),
            role=int(holder.role),
            systemuserid=holder.user,
            queueids=",".join(sorted(map(str, holder.queues))) or None,
            createdon=now,
            expireson=expires,
        )
    )
    return text


def revoke_key(connection: sa.Connection, name: str, now: datetime) -> None:
    """Have a key refused from now on, and give its name free; raises `UserError` when there is none."""
    found = connection.execute(
        sa.update(_KEY)
        .where(_KEY.c.name == name, _KEY.c.revokedon.is_(None))
        .values(revokedon=now, name=f"{name[:80]} (revoked {now:%Y%m%d%H%M%S})")
    )
    if not found.rowcount:
        raise UserError(f"There is no key {name!r}.")


def caller_of(
    connection: sa.Connection, secrets: Secrets, headers: Mapping[str, str], now: datetime
) -> Caller:
    """Return who makes a request; raises `Problem` with 401 for anybody unknown."""
    scheme, _, credential = headers.get("authorization", "").partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        raise unauthorized("Send an API key or a token: Authorization: Bearer ...")
    if len(credential) > _LONGEST:
        raise unauthorized("This is neither an API key nor a token.")
    if credential.startswith(_LENT_MARK):
        row = _by_token(connection, secrets, credential, now)
    else:
        row = _by_key(connection, credential)
    return _acting(connection, _caller(row, now), headers)


def issue_token(
    connection: sa.Connection, secrets: Secrets, form: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Return the answer of the token endpoint to client credentials; raises `Problem`.

    # source: RFC6749 4.4
    """
    if form.get("grant_type") != "client_credentials":
        raise oauth_problem(400, "unsupported_grant_type")
    try:
        row = _by_key(connection, form.get("client_secret", ""))
        _caller(row, now)
    except Problem as fault:
        raise oauth_problem(401, "invalid_client") from fault
    if form.get("client_id") not in (row.name, str(row.postroom_keyid)):
        raise oauth_problem(401, "invalid_client")
    content = json.dumps({"key": row.postroom_keyid.hex, "end": (now + TOKEN_LIFE).timestamp()})
    sealed = secrets.seal(content, place=_PLACE)
    token = _LENT_MARK + base64.urlsafe_b64encode(sealed.encode()).decode().rstrip("=")
    return {
        "token_type": "Bearer",
        "expires_in": int(TOKEN_LIFE.total_seconds()),
        "ext_expires_in": int(TOKEN_LIFE.total_seconds()),
        "access_token": token,
    }


def unauthorized(sentence: str) -> Problem:
    """Return the problem of a caller who did not say who he is."""
    return Problem(401, sentence, 0x80040220, {"www-authenticate": 'Bearer error="invalid_token"'})


def oauth_problem(status: int, error: str) -> Problem:
    """Return a problem of the token endpoint; the sentence is the error's name in OAuth."""
    return Problem(status, error)


def _by_key(connection: sa.Connection, text: str) -> sa.Row[Any]:
    id_ = text.removeprefix(_KEY_MARK).partition("_")[0]
    row = None
    if text.startswith(_KEY_MARK) and len(id_) == 32 and len(text) < _LONGEST:
        row = _row(connection, id_)
    # Compared in every case, so that time does not tell which keys there are.
    if not hmac.compare_digest(_hash(text), "" if row is None else row.keyhash) or row is None:
        raise unauthorized("This is neither an API key nor a token.")
    return row


def _by_token(connection: sa.Connection, secrets: Secrets, token: str, now: datetime) -> sa.Row[Any]:
    body = token.removeprefix(_LENT_MARK)
    try:
        sealed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode("ascii")
        content = json.loads(secrets.open(sealed, place=_PLACE))
    except (UserError, ValueError, binascii.Error) as fault:
        raise unauthorized("This token was not issued here.") from fault
    if content["end"] <= now.timestamp():
        raise unauthorized("The token has expired; fetch a new one.")
    row = _row(connection, content["key"])
    if row is None:
        raise unauthorized("The key of this token is gone.")
    return row


def _row(connection: sa.Connection, id_: str) -> sa.Row[Any] | None:
    try:
        key = UUID(id_)
    except ValueError:
        return None
    return connection.execute(sa.select(_KEY).where(_KEY.c.postroom_keyid == key)).one_or_none()


def _caller(row: sa.Row[Any], now: datetime) -> Caller:
    if row.revokedon is not None:
        raise unauthorized("The API key was revoked.")
    if row.expireson is not None and row.expireson <= now:
        raise unauthorized("The API key has expired.")
    queues = frozenset(UUID(text) for text in (row.queueids or "").split(",") if text)
    return Caller(row.name, Role(row.role), row.systemuserid or SYSTEM_USER_ID, queues)


def _acting(connection: sa.Connection, caller: Caller, headers: Mapping[str, str]) -> Caller:
    """Return the user on whose behalf an administrator asks to act, with that user's rights and no more."""
    wanted = headers.get("mscrmcallerid") or headers.get("callerobjectid")
    if wanted is None:
        return caller
    if not caller.is_administrator:
        raise Problem(403, "Only an administrator may act on behalf of another user.", 0x80040220)
    try:
        user = UUID(wanted.strip("{}"))
    except ValueError as fault:
        raise Problem(400, "The header that names the user to act for holds no GUID.") from fault
    found = connection.execute(
        sa.select(_USER.c.systemuserid, _USER.c.isdisabled).where(
            sa.or_(_USER.c.systemuserid == user, _USER.c.azureactivedirectoryobjectid == user)
        )
    ).first()
    if found is None or found.isdisabled:
        raise Problem(403, "The user to act for is unknown or disabled.", 0x80040225)
    if found.systemuserid == SYSTEM_USER_ID:
        return caller
    return Caller(caller.name, Role.MAILBOX_OWNER, found.systemuserid)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
