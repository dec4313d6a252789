"""A scene of the demonstration: what happens, what came of it, whether it ought to have."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that happens at a desk."""

    story: str
    outcome: str
    as_expected: bool
