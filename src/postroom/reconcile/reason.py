"""Reasons: why a plan does or leaves what it does, in sentences that a person reads."""

from enum import IntEnum
from typing import Self


class Reason(IntEnum):
    """Why an act stands in a plan, or an item is left alone; the codes never change."""

    sentence: str

    def __new__(cls, code: int, sentence: str) -> Self:
        """Make the member from its code and its sentence."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.sentence = sentence
        return member

    # What happened.
    NEW_IN_CRM = 1, "The record is in scope and has no item on the server yet."
    NEW_ON_SERVER = 2, "The item is tracked and has no record in the CRM yet."
    CHANGED_IN_CRM = 3, "The record was changed in the CRM."
    CHANGED_ON_SERVER = 4, "The item was changed on the server."
    CHANGED_ON_BOTH = 5, "Both sides were changed; they are put together field by field."
    DELETED_IN_CRM = 6, "The record was deleted in the CRM."
    DELETED_ON_SERVER = 7, "The item was deleted on the server."
    DELETED_ON_BOTH = 8, "Neither side has it any more."
    LEFT_SCOPE = 9, "It is no longer in scope: no filter matches it, or it lies in another folder."
    UNTRACKED = 10, "A person does not want it tracked any more."
    EDIT_BEATS_DELETION = 11, "One side deleted what the other had changed; the change is kept."
    ORGANIZER_CHANGED = 12, "The meeting has another organizer now, whose own mailbox carries it on."
    CANCELED_IN_CRM = 13, "The appointment was canceled in the CRM, and cancellations are passed on."

    # What keeps a survivor.
    KEPT_NOT_ORGANIZER = 20, "Only the organizer's deletion counts, and the user isn't the organizer."
    KEPT_PAST = 21, "It is over; what was is not deleted."
    KEPT_CLOSED = 22, "The record is completed or canceled, and closed records are not deleted."
    KEPT_CONTACT = 23, "A contact that is deleted on the server stays in the CRM."
    KEPT_OWN_CONTACT = 24, "The owner's own copy of a contact stays in the mailbox."
    KEPT_COMPLETED_TASK = 25, "The task is completed, and completed tasks are not deleted."
    KEPT_TASK = 26, "A task that is deleted on the server stays in the CRM."
    KEPT_SAME_UNLINKED = 27, "It is not in scope any more; unlinking leaves what was synchronized before."
    KEPT_ONE_WAY = 28, "It only goes out of the CRM; its deletion on the server leaves the record alone."

    # What is noted without being written.
    NO_CONTENT_CHANGE = 30, "The version is new, and nothing in it that is synchronized."
    ONE_WAY = 31, "What changed is synchronized in the other direction only."
    CLOSED_IN_CRM = 32, "The record is completed or canceled; changes on the server leave it alone."
    GUEST_COPY = 33, "The meeting is a colleague's; only the organizer's mailbox changes its record."
    ALREADY_EQUAL = 34, "Both sides were changed to the same."

    # How two items found each other.
    ANSWER_FOUND = 40, "It had been done, though the answer was lost."
    ANSWER_MISSING = 41, "It was about to be made and is not there; it is made now, under the same token."
    MATCHED_BY_TOKEN = 42, "Both bear the same token."
    MATCHED_BY_CRM_ID = 43, "The item on the server names the record."
    MATCHED_BY_UID = 44, "Both have the same calendar id."
    MATCHED_BY_CONTENT = 45, "Both have the same content, and nothing else is like them."
    MOVED = 46, "The item has a new id on the server; it was moved."
    REUNITED = 47, "Both are wanted again; they belonged together before."
    DECIDED_SAME = 48, "The user said that both are the same."

    DECIDED_MAKE = 49, "The user said that it is to be made."
    DECIDED_SKIP = 50, "The user said that it is left alone."

    # What is put to a person, or left.
    CONFLICT = 60, "Both sides changed the same field; the user is asked which one is to stay."
    LOOKS_ALIKE = 61, "It looks like an item of the other side, and nothing proves that it is the same."
    DECIDED_DIFFERENT = 62, "The user said that both are different things; each is made on the other side."
    RESTS = 63, "It failed too often; it is tried again when it changes or its user says so."
    DUPLICATE_UID = 64, "Two items have the same calendar id; delete one of them."
    DUPLICATE_MARK = 65, "Two items name the same record, and nothing tells which is the copy; delete one."
    IGNORED_COPY = 66, "It is a copy of a tracked item; track it by itself if it is wanted."
    NO_ORGANIZER = 67, "The appointment has no organizer; fill in the organizer."
    TOO_MANY_ATTENDEES = 68, "It has more attendees than may be invited at once; invite a list instead."
    UNADDRESSED = 69, "An attendee has no e-mail address and is left out; give the record an address."
    HINDERED = 70, "The side that holds it says that it can't be synchronized."
    KIND_CHANGED = 71, "It was made a series, or one no more; delete the old record, then track it again."
    FOREIGN_ORGANIZER = 72, "Only organizers may track meetings here; ask the organizer to track it."
    DRAFT = 73, "It is a draft; it is synchronized when it is sent."
    TOO_LONG = 76, "It lasts longer than appointments may; shorten it, or have the limit raised."
    ENDS_EARLY = 77, "It ends before it begins; correct its times."
    CLASHES = 78, "The user has another appointment at this time; move one of them, or accept both."
    DUPLICATE_TOKEN = 79, "Two items bear the same token of ours; delete the one that is a copy."
    FILE_LEFT_OUT = (
        80,
        "An attachment stays where it is; make it smaller or another kind of file, or raise the limits.",
    )
    PRIVATE = 75, "It is private and stays in the mailbox; take the private mark off to synchronize it."
    ORGANIZER_INVITES = 74, "The organizer's own mailbox invites; the item comes with that invitation."
