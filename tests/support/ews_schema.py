"""Microsoft's schemas of Exchange Web Services, where they are at hand, and what breaks them.

They may not be part of this project. They are looked for where EWS_SCHEMAS says, else in shared/data/ews
beside the checkout; without them nothing is checked.
"""

import os
import threading
from functools import cache
from pathlib import Path

from lxml import etree

PLACE = Path(os.environ.get("EWS_SCHEMAS") or Path(__file__).parents[3] / "shared" / "data" / "ews")
#: Why tests of the schema are skipped, where they are.
REASON = f"Microsoft's schemas of Exchange Web Services are not in {PLACE}"


def is_at_hand() -> bool:
    return (PLACE / "messages.xsd").exists()


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(PLACE / "messages.xsd")))


class Traffic:
    """Hears every payload of the servers of one test and remembers what is wrong with it."""

    _lock = threading.Lock()

    def __init__(self) -> None:
        self.heard = 0
        self.violations: list[str] = []
        self._is_checked = is_at_hand()

    def hear(self, payload: etree._Element) -> None:
        self.heard += 1
        if not self._is_checked:
            return
        # Anew from text: declarations of namespaces count as they are written.
        written = etree.tostring(payload)
        with self._lock:
            judge = schema()
            if not judge.validate(etree.fromstring(written, etree.XMLParser(huge_tree=True))):
                problems = "; ".join(str(error.message) for error in judge.error_log)
                self.violations.append(f"{problems}\nin {written.decode()[:2000]}")

    def forgive(self) -> None:
        """Don't check any longer: the test breaks the schema on purpose."""
        self._is_checked = False
        self.violations.clear()
