"""Circuits: which mail servers answer, as the whole fleet knows it."""

from sqlalchemy import UniqueConstraint

from postroom.schema import column as col
from postroom.schema.choices import Cause, CircuitState
from postroom.schema.column import OnDelete
from postroom.schema.table import Description, Row


class Circuit(Row):
    """One mail server of one profile: spoken to while it answers, probed while it does not."""

    __tablename__ = "postroom_circuit"
    __described__ = Description(
        set_name="postroom_circuits", label="Circuit", plural="Circuits", primary_name="server"
    )
    __table_args__ = (UniqueConstraint("profileid", "server"),)

    postroom_circuitid = col.key(label="Circuit", access="R")
    profileid = col.lookup(
        "emailserverprofile", label="Profile", access="R", nullable=False, on_delete=OnDelete.CASCADE
    )
    server = col.text(
        300, label="Server", access="R", nullable=False, description="Host and port of the mail server."
    )
    state = col.choice(
        CircuitState,
        label="State",
        access="R",
        default=CircuitState.CLOSED,
        nullable=False,
        description="Open: mailboxes wait. Half open: one mailbox tries for all.",
    )
    cause = col.choice(Cause, label="Cause", access="R", description="What the last failure was.")
    strikes = col.integer(
        0,
        label="Strikes",
        access="R",
        default=0,
        nullable=False,
        description="Failures in a row, each of another mailbox than the one before.",
    )
    struckby = col.text(36, label="Struck By", access="R", description="The mailbox that failed last.")
    struckon = col.moment(label="Struck On", access="R", description="When the first of these failed.")
    openedon = col.moment(label="Opened On", access="R")
    retryon = col.moment(label="Retry On", access="R", description="When one mailbox may try again.")
    probe = col.text(100, label="Probe", access="R", description="The pass that tries for all.")
    probeuntil = col.moment(label="Probe Until", access="R", description="When it is given up for lost.")
    probes = col.integer(
        0,
        label="Probes",
        access="R",
        default=0,
        nullable=False,
        description="Tries that failed since it opened.",
    )
    lasterror = col.text(2048, label="Last Error", access="R")
    closedon = col.moment(label="Closed On", access="R", description="When it last answered after a failure.")
