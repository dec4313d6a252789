"""What keeps a workload from running: permission first, then credentials."""

from collections.abc import Mapping
from typing import Any

from postroom.configuration.credentials import credentials_for
from postroom.configuration.permission import Obstacle, obstacle_to
from postroom.schema.choices import Workload


def hindrance(
    workload: Workload,
    mailbox: Mapping[str, Any],
    profile: Mapping[str, Any] | None,
    organization: Mapping[str, Any],
    *,
    for_test: bool = False,
) -> Obstacle | None:
    """Return the first thing that keeps the workload from running, credentials included, or None."""
    found = obstacle_to(workload, mailbox, profile, organization, for_test=for_test)
    if found or profile is None:
        return found
    place = credentials_for(workload, mailbox, profile)
    return place if isinstance(place, Obstacle) else None
