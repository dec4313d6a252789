"""Whether a mailbox's folders and categories are tracked."""

from collections.abc import Mapping
from typing import Any

from postroom.configuration.exchange import is_exchange
from postroom.configuration.switch import Switch
from postroom.configuration.switches import read_switches
from postroom.schema.choices import IncomingDeliveryMethod

#: Tracked folders of one mailbox, where the organization says nothing.
MOST_FOLDERS = 25


def tracks_by_folder(
    mailbox: Mapping[str, Any], profile: Mapping[str, Any], organization: Mapping[str, Any]
) -> bool:
    """Tell whether rules of tracked folders are in force: users' mailboxes on Exchange, read by us."""
    wanted = organization.get("isfolderbasedtrackingenabled")
    is_user = mailbox.get("regardingobjecttypecode") == "systemuser"
    return wanted is not False and is_user and _is_read_on_exchange(mailbox, profile)


def tracks_by_category(
    mailbox: Mapping[str, Any], profile: Mapping[str, Any], organization: Mapping[str, Any]
) -> bool:
    """Tell whether the tracking category counts in this mailbox; a forward mailbox has none."""
    wanted = read_switches(organization.get("orgdborgsettings")).is_on(Switch.TRACK_CATEGORIZED_ITEMS)
    return wanted and not mailbox.get("isforwardmailbox") and _is_read_on_exchange(mailbox, profile)


def _is_read_on_exchange(mailbox: Mapping[str, Any], profile: Mapping[str, Any]) -> bool:
    method = mailbox.get("incomingemaildeliverymethod")
    return method == IncomingDeliveryMethod.SERVER_SIDE and is_exchange(profile)
