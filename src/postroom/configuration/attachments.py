"""Which attachments the organization keeps: how large, and which kinds are blocked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# source: DATAVERSE-TABLES organization, maxuploadfilesize
_LARGEST: Final = 5_242_880


@dataclass(frozen=True, slots=True)
class AttachmentRules:
    """Which attachments the organization keeps."""

    #: Largest file in octets.
    largest: int
    #: File name extensions without the dot, in lower case.
    blocked: frozenset[str]

    def refusal(self, filename: str, size: int) -> str:
        """Return why a file is left out, or nothing when it is kept.

        >>> AttachmentRules(10, frozenset({"exe"})).refusal("setup.EXE", 5)
        'the extension “exe” is blocked'
        """
        extension = filename.rpartition(".")[2].lower() if "." in filename else ""
        if extension in self.blocked:
            return f"the extension “{extension}” is blocked"
        if size > self.largest:
            return f"it is larger than {self.largest} bytes"
        return ""


def attachment_rules(organization: Mapping[Any, Any]) -> AttachmentRules:
    """Return the rules in the organization's row."""
    largest = organization.get("maxuploadfilesize")
    return AttachmentRules(
        _LARGEST if largest is None else largest, extensions(organization.get("blockedattachments") or "")
    )


def extensions(blocked: str) -> frozenset[str]:
    """Return the extensions of the organization's list.

    >>> sorted(extensions("exe; .COM;;vbs"))
    ['com', 'exe', 'vbs']
    """
    return frozenset(e for part in blocked.split(";") if (e := part.strip().lstrip(".").lower()))
