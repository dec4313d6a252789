"""The store that the tracking corpus is judged against, made from `world.toml` in a real database."""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from postroom.mime.message import RawBytes
from postroom.passes import access
from postroom.passes.context import Context
from postroom.passes.forwarded import open_item
from postroom.passes.gather import AddressBook, gather
from postroom.passes.judge import Direction, Judged, duplicate_check, judge
from postroom.passes.terms import terms_of
from postroom.ports.mail import Offered
from postroom.schema import registry
from postroom.schema.choices import FilteringMethod, Wish
from postroom.store import mailboxes, wishes
from postroom.store.records import Records
from postroom.tracking.conversation import base_hash
from postroom.tracking.facts import Settled
from postroom.tracking.subject import USUAL, hashes_of, words_of

CORPUS = Path(__file__).parents[1] / "corpus" / "tracking"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

#: What a case calls a switch, and what the policy calls it.
_SWITCHES = {
    "correlation": "correlation",
    "forwards_as_replies": "forwards_as_replies",
    "headers_for_correlation": "correlate_by_reply",
    "tokens": "correlate_by_token",
    "conversation_index": "correlate_by_index",
    "smart_matching": "smart_matching",
    "ignore_internal": "ignore_internal",
    "own_filter_only": "own_filter_only",
    "unresolve_ambiguous_sender": "unresolve_ambiguous_sender",
    "track_reports": "track_reports",
}


@dataclass(frozen=True)
class Case:
    """One message of the corpus with what is expected of it."""

    family: str
    name: str
    expected: dict[str, Any]

    @property
    def data(self) -> bytes:
        return (CORPUS / self.family / f"{self.name}.eml").read_bytes()

    def __str__(self) -> str:
        return f"{self.family}/{self.name}"


@cache
def all_cases() -> tuple[Case, ...]:
    """Return every case of the corpus."""
    return tuple(
        Case(path.parent.name, name, expected)
        for path in sorted(CORPUS.glob("*/cases.toml"))
        for name, expected in tomllib.loads(path.read_text(encoding="utf-8")).items()
    )


@dataclass
class World:
    """The store with everybody in it, and their keys by the names that cases use."""

    context: Context
    ids: dict[str, UUID] = field(default_factory=dict)

    def name_of(self, key: UUID | None) -> str | None:
        """Return what cases call the record."""
        return next((name for name, id_ in self.ids.items() if id_ == key), None)

    def judge(self, case: Case) -> Judged:
        """Return what becomes of the case's message; nothing is written."""
        expected = case.expected
        address = f"{expected['mailbox']}@corp.example"
        context = self.context
        with context.database.read() as connection:
            mailbox = mailboxes.get_by_address(connection, address)
        setup = access.read_setup(context, mailbox)
        data = case.data
        offered = Offered("1", 1, len(data), is_sent_copy=expected.get("folder") == "sent")
        opened = open_item(context, setup, offered, RawBytes(data))
        with context.database.read() as connection:
            terms = terms_of(connection, setup, NOW, lambda copy: copy.server_id != "1")
            policy = replace(terms.policy, **_policy(expected.get("switches", {})))
            gathered = gather(connection, AddressBook(), mailbox, opened, policy, NOW)
        (judged,) = judge(opened, gathered, policy, lambda copy: copy.server_id != "1")
        return judged


def _policy(switches: dict[str, Any]) -> dict[str, Any]:
    changes = {_SWITCHES[name]: value for name, value in switches.items() if name != "forced_filter"}
    if forced := switches.get("forced_filter"):
        changes["forced_user_filtering"] = FilteringMethod[forced]
    return changes


def make_world(records: Records, context: Context) -> World:
    """Write everything that `world.toml` names into the store."""
    plan = tomllib.loads((CORPUS / "world.toml").read_text(encoding="utf-8"))
    world = World(context)
    with context.database.write() as connection:
        _Maker(world, records, connection, plan).make()
    return world


@dataclass
class _Maker:
    world: World
    records: Records
    connection: sa.Connection
    plan: dict[str, Any]

    def create(self, name: str, table: str, /, **values: Any) -> UUID:
        owner = values.pop("owner", None)
        if owner:
            values |= {"ownerid": self.world.ids[owner], "owneridtype": "systemuser"}
        key = self.records.create(self.connection, table, values, internal=True)
        self.world.ids[name] = key
        return key

    def make(self) -> None:
        organization = registry.by_logical_name("organization").table
        self.connection.execute(sa.update(organization).values(**self.plan["organization"]))
        for name, user in self.plan["users"].items():
            self._user(name, user)
        for name, queue in self.plan["queues"].items():
            self.create(
                name,
                "queue",
                name=queue["name"],
                emailaddress=queue["address"],
                incomingemailfilteringmethod=queue["filtering"],
                owner=queue["owner"],
                **({"statecode": 1, "statuscode": 2} if queue.get("inactive") else {}),
            )
        for name, account in self.plan["accounts"].items():
            self.create(
                name,
                "account",
                name=account["name"],
                emailaddress1=account["addresses"][0],
                owner=account["owner"],
            )
        for name, contact in self.plan["contacts"].items():
            self._contact(name, contact)
        for name, lead in self.plan["leads"].items():
            first, last = lead["name"].split()
            self.create(
                name,
                "lead",
                subject="Interest",
                firstname=first,
                lastname=last,
                emailaddress1=lead["addresses"][0],
                owner=lead["owner"],
            )
        for name, team in self.plan["teams"].items():
            self.create(name, "team", name=team["name"], emailaddress=team["addresses"][0])
        for name, email in self.plan["emails"].items():
            self._email(name, email)
        for message_id, wish in self.plan["wishes"].items():
            for direction in Direction:
                unique = duplicate_check(direction, message_id, b"")
                settled = Settled(Wish[wish])
                wishes.settle(self.connection, unique, settled, message_id=message_id, by=None, now=NOW)

    def _user(self, name: str, user: dict[str, Any]) -> None:
        first, last = user["name"].split()
        key = self.create(
            name,
            "systemuser",
            firstname=first,
            lastname=last,
            domainname=user["address"],
            internalemailaddress=user["address"],
            isdisabled=bool(user.get("disabled")),
        )
        settings = {"incomingemailfilteringmethod": user["filtering"]}
        self.records.update(self.connection, "usersettings", key, settings, internal=True)

    def _contact(self, name: str, contact: dict[str, Any]) -> None:
        first, last = contact["name"].split()
        addresses = {f"emailaddress{n}": a for n, a in enumerate(contact["addresses"], 1)}
        account = self.world.ids.get(contact.get("account", ""))
        self.create(
            name,
            "contact",
            firstname=first,
            lastname=last,
            owner=contact["owner"],
            **addresses,
            **({"parentcustomerid": account, "parentcustomeridtype": "account"} if account else {}),
            **({"statecode": 1, "statuscode": 2} if contact.get("inactive") else {}),
        )

    def _email(self, name: str, email: dict[str, Any]) -> None:
        is_out = email["direction"] == "out"
        direction = Direction.OUTGOING if is_out else Direction.INCOMING
        values: dict[str, Any] = {
            "subject": email["subject"],
            "messageid": email["messageid"],
            "messageiddupcheck": duplicate_check(direction, email["messageid"], b""),
            "directioncode": is_out,
            "statuscode": 3 if is_out else 4,
            "statecode": 1,
            "trackingtoken": email.get("token"),
            "conversationindex": email.get("index"),
            "baseconversationindexhash": base_hash(email.get("index", "")),
            "overriddencreatedon": NOW - timedelta(days=email["days_ago"]),
            "parties": [self._party(email["from"], 1), *(self._party(one, 2) for one in email["to"])],
        }
        if regarding := email.get("regarding"):
            values["regardingobjectid"] = self.world.ids[regarding]
        key = self.create(name, "email", owner=email["owner"], **values)
        table = registry.by_logical_name("emailhash").table
        for value in hashes_of(words_of(email["subject"], USUAL), USUAL):
            self.connection.execute(
                sa.insert(table).values(
                    emailhashid=UUID(int=abs(value) + 1),
                    activityid=key,
                    hash=value,
                    hashtype=0,
                    createdon=NOW - timedelta(days=email["days_ago"]),
                )
            )

    def _party(self, who: str, role: int) -> dict[str, Any]:
        if "@" in who:
            return {"addressused": who, "participationtypemask": role}
        kind = "queue" if who in self.plan["queues"] else "systemuser"
        return {"partyid": self.world.ids[who], "partyobjecttypecode": kind, "participationtypemask": role}
