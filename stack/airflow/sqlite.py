"""SQLite connections for Airflow: a savepoint takes the write lock before it reads.

SQLite refuses, at once and whatever the timeout, to let a transaction write that read before another program
wrote (https://sqlite.org/rescode.html#busy_snapshot). Python's driver begins no transaction for a savepoint:
`airflow backfill create`, which reads and writes within one, failed with "database is locked" whenever the
scheduler wrote in between. One that begins with the write lock waits for its turn instead.
"""

from __future__ import annotations

import sqlite3
from typing import Any, Final


class PatientCursor(sqlite3.Cursor):
    """A cursor that begins a writing transaction before a savepoint outside of any."""

    def execute(self, sql: str, /, *parameters: Any) -> PatientCursor:
        """Run the statement as sqlite3 does.

        Raises:
            sqlite3.OperationalError: another program held the write lock for longer than the timeout.
        """
        if sql.startswith("SAVEPOINT") and not self.connection.in_transaction:
            super().execute("BEGIN IMMEDIATE")
        super().execute(sql, *parameters)
        return self


class PatientConnection(sqlite3.Connection):
    """A connection whose cursors are patient."""

    def cursor(self, factory: Any = PatientCursor) -> Any:
        """Return a new cursor."""
        return super().cursor(factory)


CONNECT_ARGS: Final[dict[str, Any]] = {"factory": PatientConnection}
"""Arguments for `sqlite3.connect` besides the file, from Airflow's setting `sql_alchemy_connect_args`."""
