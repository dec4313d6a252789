"""Messages about mailboxes: tracked folders; test, sync now, explain, plan, rescan."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from postroom.api import audit
from postroom.api.address import Key
from postroom.api.messages.message import Form, Message, Occasion, Parameter, Type
from postroom.api.odata.select import primary_names
from postroom.api.problems import Problem, denied
from postroom.api.shapes import explanation_in_json, judged_in_json, report_in_json
from postroom.api.visit import Needs
from postroom.api.writing import Writing
from postroom.app.items import open_item_sides
from postroom.passes.explain import explain
from postroom.passes.judge import Judged
from postroom.passes.plan import show_plan
from postroom.passes.rescan import Mode, rescan
from postroom.passes.test_mailbox import test_mailbox
from postroom.schema import registry
from postroom.schema.choices import Role
from postroom.store import mailboxes, workloads
from postroom.store.folders import Onboarding, rules_of


def _folders(occasion: Occasion) -> dict[str, Any]:
    try:
        mailbox = UUID(occasion.arguments["MailboxId"])
    except ValueError as fault:
        raise Problem(400, "MailboxId: expected a GUID.") from fault
    Writing(occasion.store, occasion.visit).get(registry.by_logical_name("mailbox"), Key(mailbox))
    rules = rules_of(occasion.store, mailbox)
    folder = registry.by_logical_name("mailboxtrackingfolder")
    rows = [
        {"regardingobjectid": rule.regarding, "regardingobjecttypecode": rule.regarding_table}
        for rule in rules
    ]
    sight = occasion.visit.sight(occasion.store)
    names = primary_names(occasion.store, sight, folder, rows, ("regardingobjectid",))
    return {"MailboxTrackingFolderMappings": [_mapping(rule, names) for rule in rules]}


def _mapping(rule: Any, names: Any) -> dict[str, Any]:
    target = registry.find(rule.regarding_table or "")
    return {
        "ExchangeFolderId": rule.folder,
        "ExchangeFolderName": rule.name,
        "RegardingObjectId": None if rule.regarding is None else str(rule.regarding),
        "RegardingObjectName": names.get((rule.regarding_table, rule.regarding)),
        "RegardingObjectTypeCode": None if target is None else target.object_type_code,
        "IsFolderOnboarded": rule.onboarding == Onboarding.DONE,
    }


def _note(occasion: Occasion, operation: str) -> None:
    visit = occasion.visit
    with visit.postroom.database.write() as connection:
        now = visit.postroom.clock.now()
        audit.note(connection, visit.caller, now, operation, "mailbox", occasion.row)


def _refuse_readers(occasion: Occasion) -> None:
    if occasion.visit.caller.role is Role.READER:
        raise denied("A reader starts nothing.")


def _test(occasion: Occasion) -> dict[str, Any]:
    _refuse_readers(occasion)
    report = test_mailbox(occasion.visit.postroom.context(), occasion.row)
    _note(occasion, "postroom_TestAndEnable")
    return report_in_json(report)


def _sync_now(occasion: Occasion) -> None:
    _refuse_readers(occasion)
    workloads.hint(occasion.store, [occasion.row], occasion.visit.postroom.clock.now())


def _plan(occasion: Occasion) -> dict[str, Any]:
    _refuse_readers(occasion)
    return asdict(show_plan(occasion.visit.postroom.context(), occasion.row, opener=open_item_sides))


def _rescan(occasion: Occasion) -> dict[str, Any]:
    _refuse_readers(occasion)
    rows: list[dict[str, object]] = []
    reasons: Counter[str] = Counter()

    def on_batch(judged: Sequence[Judged]) -> None:
        for one in judged:
            reasons[one.verdict.reason.label] += 1
            if one.verdict.track:
                rows.append(judged_in_json(one))

    mode = Mode.APPLY if occasion.arguments["Apply"] else Mode.PREVIEW
    context, since = occasion.visit.postroom.context(), occasion.arguments["Since"]
    found = rescan(context, occasion.row, since, mode, on_batch=on_batch)
    if mode is Mode.APPLY:
        _note(occasion, "postroom_Rescan")
    return {
        "Seen": found.seen,
        "Tracked": found.tracked,
        "Gone": found.gone,
        "Reasons": dict(reasons),
        "Messages": rows,
        "Failure": str(found.failure) if found.failure else None,
    }


def _explain(occasion: Occasion) -> dict[str, Any]:
    connection = occasion.store
    writing, table = Writing(connection, occasion.visit), registry.by_logical_name("mailbox")
    found = [
        entry
        for entry in explain(connection, occasion.arguments["Message"])
        if writing.is_seen(table, entry.mailbox) and occasion.visit.caller.role is not Role.READER
    ]
    addresses = mailboxes.addresses_of(connection, [entry.mailbox for entry in found])
    return {"value": [explanation_in_json(entry, addresses.get(entry.mailbox, "")) for entry in found]}


def _own(name: str, run: Any, description: str, needs: Needs, *parameters: Parameter, **said: Any) -> Message:
    return Message(name, Form.ACTION, run, description, parameters, "mailbox", needs=needs, **said)


MESSAGES = (
    Message(
        "RetrieveMailboxTrackingFolders",
        Form.FUNCTION,
        _folders,
        "Return the tracked folders of a mailbox.",
        (Parameter("MailboxId", Type.TEXT),),
        returns={"MailboxTrackingFolderMappings": "Collection(Edm.Untyped)"},
    ),
    _own(
        "postroom_TestAndEnable",
        _test,
        "Test a mailbox step by step and switch on what works.",
        Needs.NOTHING,
        returns={
            "mailbox": "Edm.Guid",
            "emailaddress": "Edm.String",
            "status": "Edm.String",
            "incoming": "Edm.String",
            "outgoing": "Edm.String",
            "items": "Edm.String",
            "steps": "Collection(Edm.Untyped)",
        },
    ),
    _own("postroom_SyncNow", _sync_now, "Make a mailbox's work due at once.", Needs.WRITING),
    _own(
        "postroom_Plan",
        _plan,
        "Say what the next pass would do to appointments, contacts and tasks.",
        Needs.NOTHING,
        returns={
            "acts": "Collection(Edm.Untyped)",
            "left_alone": "Collection(Edm.Untyped)",
            "causes": "Collection(Edm.String)",
        },
    ),
    _own(
        "postroom_Rescan",
        _rescan,
        "Judge anew mail that was seen since a date and not tracked.",
        Needs.NOTHING,
        Parameter("Since", Type.MOMENT),
        Parameter("Apply", Type.TRUTH, is_required=False, description="Track it; else it is only said."),
        returns={
            "Seen": "Edm.Int32",
            "Tracked": "Edm.Int32",
            "Gone": "Edm.Int32",
            "Reasons": "Edm.Untyped",
            "Messages": "Collection(Edm.Untyped)",
            "Failure": "Edm.String",
        },
    ),
    Message(
        "postroom_Explain",
        Form.FUNCTION,
        _explain,
        "Say why a message was tracked or not.",
        (Parameter("Message", Type.TEXT, description="A Message-ID, or the id of an e-mail or a decision."),),
        returns={"value": "Collection(Edm.Untyped)"},
    ),
)
