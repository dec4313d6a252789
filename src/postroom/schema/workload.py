"""Workloads: what a mailbox has to do next, when, and who is at it."""

from sqlalchemy import Index, UniqueConstraint

from postroom.schema import choices
from postroom.schema import column as col
from postroom.schema.column import OnDelete
from postroom.schema.table import Description, Row


class Workload(Row):
    """One kind of work of one mailbox: the durable truth of its schedule and its lease."""

    __tablename__ = "postroom_workload"
    __described__ = Description(set_name="postroom_workloads", label="Workload", plural="Workloads")
    __table_args__ = (
        UniqueConstraint("mailboxid", "workload"),
        Index("ix_postroom_workload_dueon", "dueon"),
        Index("ix_postroom_workload_circuitid", "circuitid"),
        Index("ix_postroom_workload_isidle", "isidle", "dueon"),
    )

    postroom_workloadid = col.key(label="Workload", access="R")
    mailboxid = col.lookup("mailbox", label="Mailbox", access="R", nullable=False, on_delete=OnDelete.CASCADE)
    workload = col.choice(choices.Workload, label="Kind of Work", access="R", nullable=False)
    sequence = col.bigint(
        label="Sequence",
        access="R",
        default=0,
        nullable=False,
        description="Number of the pass last claimed.",
    )
    inflight = col.bigint(
        label="In Flight", access="R", description="Number of the pass now under way, if any."
    )
    hostid = col.text(256, label="Host", access="R", description="Worker that runs the pass.")
    leaseuntil = col.moment(label="Lease Until", access="R")
    isidle = col.boolean(
        label="Is Idle",
        access="R",
        default=False,
        nullable=False,
        description="Whether it had no news lately, so that it may be looked at together with others.",
    )
    lane = col.guid(
        label="Lane", access="R", description="Idle mailboxes that are looked at together have the same one."
    )
    dueon = col.moment(label="Due On", access="R")
    gapreason = col.text(
        200, label="Gap Reason", access="R", description="Why it is due then and not sooner."
    )
    failurecount = col.integer(0, label="Failure Count", access="R", default=0, nullable=False)
    emptycount = col.integer(0, label="Empty Count", access="R", default=0, nullable=False)
    brokencount = col.integer(
        0,
        label="Broken Count",
        access="R",
        default=0,
        nullable=False,
        description="How many times in a row a pass was begun and not ended.",
    )
    lasterror = col.text(2048, label="Last Error", access="R")
    laststartedon = col.moment(label="Last Started On", access="R")
    lastendedon = col.moment(label="Last Ended On", access="R")
    lastsucceededon = col.moment(label="Last Succeeded On", access="R")
    hinted = col.boolean(
        label="Hinted",
        access="R",
        default=False,
        nullable=False,
        description="Whether something asked for a pass now.",
    )
    server = col.text(
        300, label="Server", access="R", description="Mail server that the last pass was to ask."
    )
    circuitid = col.lookup(
        "postroom_circuit", label="Circuit", access="R", description="The server it waits for, if any."
    )
    lastcause = col.choice(
        choices.Cause, label="Last Cause", access="R", description="Why the last pass failed, if it did."
    )
    silenton = col.moment(
        label="Silent On", access="R", description="When somebody was told that nothing succeeds any more."
    )
