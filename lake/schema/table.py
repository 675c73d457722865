"""Definition of a Delta table. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

DAY: Final = "day DATE COMMENT 'UTC day of observed_at, the partition'"


def column_names(ddl: str) -> list[str]:
    r"""Return the column names of a DDL with one column a line, in order.

    >>> column_names("label STRING COMMENT 'what it is',\nscore FLOAT")
    ['label', 'score']
    """
    return re.findall(r"(?m)^(\w+) [A-Z]", ddl)


@dataclass(frozen=True, slots=True)
class Table:
    """A Delta table: `checks` maps a constraint's name to its SQL condition."""

    name: str
    comment: str
    ddl: str
    partitioned_by: tuple[str, ...] = ()
    checks: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns, in order."""
        return column_names(self.ddl)
