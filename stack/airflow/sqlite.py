"""How Airflow opens its SQLite file: a savepoint asks for the right to write before it reads.

SQLite refuses, at once and whatever the timeout, to let a transaction write that read before another program
wrote (https://sqlite.org/rescode.html#busy_snapshot). Python's driver begins no transaction for a savepoint:
`airflow backfill create`, which reads and writes within one, failed with "database is locked" whenever the
scheduler wrote in between. One that begins with the right to write waits for its turn instead.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final


class PatientCursor(sqlite3.Cursor):
    """A cursor that begins a writing transaction before a savepoint outside of any."""

    def execute(self, sql: str, /, *parameters: Any) -> PatientCursor:
        """Run the statement as sqlite3 does.

        Raises:
            sqlite3.OperationalError: another program kept the right to write for longer than the timeout.
        """
        if sql.startswith("SAVEPOINT") and not self.connection.in_transaction:
            super().execute("BEGIN IMMEDIATE")
        super().execute(sql, *parameters)
        return self


class PatientConnection(sqlite3.Connection):
    """A connection whose cursors are patient."""

    def cursor(self, factory: Any = PatientCursor) -> Any:
        """A new cursor."""
        return super().cursor(factory)


CONNECT_ARGS: Final[dict[str, Any]] = {"factory": PatientConnection}
"""What Airflow gives `sqlite3.connect` besides the file, by its setting `sql_alchemy_connect_args`."""
