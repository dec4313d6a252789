"""Write a migration: the step from all former migrations to what the schema declares."""

import sys
import tempfile
from pathlib import Path

from postroom.store import migrations
from postroom.store.database import Database


def write(name: str) -> Path:
    """Write the migration and return its file, which a person has yet to read."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/former.sqlite")
        migrations.upgrade(database)
        return migrations.draft(database, name)


if __name__ == "__main__":
    sys.stdout.write(
        f"wrote {write(sys.argv[1])}\nRead it before you commit it; see docs/howto/change-the-schema.md\n"
    )
