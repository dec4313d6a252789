"""django-mailbox over the same mailbox; runs in a virtual environment of its own.

    PEERS/bin/python bench/steps/peer.py DIRECTORY [PORT USER]

Without port and user the tables are made. Removing from the server is turned off, so that the mailbox stays.
"""

import json
import logging
import poplib
import sys
import time
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command

DIRECTORY = Path(sys.argv[1])
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DIRECTORY / "peer.sqlite")}},
    INSTALLED_APPS=["django_mailbox"],
    MEDIA_ROOT=str(DIRECTORY / "media"),
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)


def main() -> dict[str, Any]:
    """Make the tables, or fetch everything once."""
    django.setup()
    if len(sys.argv) == 2:
        call_command("migrate", verbosity=0)
        return {}
    from django_mailbox.models import Mailbox, Message

    logging.disable()
    poplib._MAXLINE = 1 << 24  # type: ignore[attr-defined]
    poplib.POP3.dele = lambda _self, _number: b"+OK"  # type: ignore[assignment,method-assign]
    mailbox = Mailbox.objects.create(name="bench", uri=f"pop3://{sys.argv[3]}:pw@127.0.0.1:{sys.argv[2]}")
    start = time.perf_counter()
    taken = failed = 0
    messages = mailbox.get_new_mail()
    try:
        for _ in messages:
            taken += 1
    except Exception as fault:
        failed = 1
        sys.stderr.write(f"{fault!r}\n")
    return {
        "messages": taken,
        "kept": Message.objects.count(),
        "session_ended": failed,
        "seconds": time.perf_counter() - start,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
