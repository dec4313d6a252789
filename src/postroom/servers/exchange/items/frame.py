"""The frame in which items are read and written: whose they are, and in which zone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from postroom.configuration.attachments import AttachmentRules
from postroom.mime.key import address_key


def _nobody(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Frame:
    """What has to be known of a mailbox to tell what its items mean."""

    #: The mailbox's address.
    address: str
    #: The owner's time zone: by its name in IANA's database, and by Windows' name of it.
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    #: The category by which people track items; empty when none does.
    category: str = ""
    #: The id of the organization; marks of another one say nothing here.
    organization: str = ""
    #: Says whether an address is one whose own mailbox is kept in step here.
    is_colleague: Callable[[str], bool] = _nobody
    #: Which attached files are synchronized; None when none are.
    files: AttachmentRules | None = None

    def is_owner(self, address: str) -> bool:
        """Say whether an address is the owner's."""
        return address_key(address) == address_key(self.address)


def is_midnight(at: datetime, zone: tzinfo) -> bool:
    """Say whether clocks of the zone show the beginning of a day."""
    shown = at.astimezone(zone)
    return timedelta(hours=shown.hour, minutes=shown.minute, seconds=shown.second) == timedelta()
