"""Drafts: what is to be made on one side of an item that the other side has."""

from dataclasses import replace

from postroom.reconcile.act import Act
from postroom.reconcile.fields import goes_to
from postroom.reconcile.item import Identity, Item, Side, Value
from postroom.reconcile.notice import IN_CRM, on_creation
from postroom.reconcile.pair import Doing, Link, Pair
from postroom.reconcile.reason import Reason
from postroom.reconcile.situation import Situation
from postroom.reconcile.status import Left, translated

#: The subject that the CRM gets of an item whose content is its owner's own.
PRIVATE_SUBJECT = "Private appointment"


def creation(
    situation: Situation, pair: Pair, source: Item, to: Side, reason: Reason, token: str = ""
) -> Act:
    """Return the act that makes this item on the other side."""
    names = situation.names(source.kind, source if to is Side.CRM else None)
    sends = on_creation(source, situation.now, situation.occasion) if to is Side.SERVER else IN_CRM
    return Act(
        Doing.CREATE,
        reason,
        pair,
        to,
        crm=source if to is Side.SERVER else None,
        server=source if to is Side.CRM else None,
        draft=_draft(situation, source, to, names),
        token=token,
        names=names,
        sends=sends,
    )


def newcomer_pair(source: Item, side: Side) -> Pair:
    """Return the pair of an item that only this side has; whoever stores it gives it an id."""
    pair = Pair("", source.kind, None, None, source.identity.uid, Link.PENDING, part=source.part)
    return pair.with_id(side, source.id)


def _draft(situation: Situation, source: Item, to: Side, names: tuple[str, ...]) -> Item:
    directions = situation.directions[source.kind]
    fields: dict[str, Value] = {}
    for name in names:
        value = translated(source, name, to)
        if goes_to(to, directions[name]) and value is not None and value is not Left.ALONE:
            fields[name] = value
    if to is Side.CRM and situation.hides(source):
        fields["subject"] = PRIVATE_SUBJECT
    identity = Identity(source.identity.uid, crm_id=source.id if to is Side.SERVER else "")
    kind = source.kind.on_server if to is Side.SERVER else source.kind
    return replace(source, id="", version="", kind=kind, fields=fields, identity=identity, is_tracked=True)
