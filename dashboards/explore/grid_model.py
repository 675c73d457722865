"""What a grid asks for, filters and order: read from the browser, hence hostile, into SQL.

The forms are those of AG Grid's `filterModel` and `sortModel`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from lake.serving.questions import COLUMNS
from lake.storage.sql_literals import quoted

MAX_TEXT_LENGTH: Final = 200
MAX_MODEL_LENGTH: Final = 4000
MAX_CONDITIONS: Final = 5
MAX_SORTS: Final = 3
MAX_NUMBER: Final = 2**53
LIKE_PATTERNS: Final = {"contains": "%{}%", "notContains": "%{}%", "startsWith": "{}%", "endsWith": "%{}"}
NUMBERS: Final = {
    "equals": "=",
    "notEqual": "<>",
    "lessThan": "<",
    "lessThanOrEqual": "<=",
    "greaterThan": ">",
    "greaterThanOrEqual": ">=",
}


class GridModelError(ValueError):
    """A filter or an order that the grid cannot mean."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One column's filter.

    Attributes:
        column: one of COLUMNS.
        parts: operation and its one or two values, as checked.
        joined: AND or OR.
    """

    column: str
    parts: tuple[tuple[str, tuple[str | float, ...]], ...]
    joined: str = "AND"

    def sql(self) -> str:
        """SQL over the alias `v`."""
        said = [_said(self.column, operation, values) for operation, values in self.parts]
        return "(" + f" {self.joined} ".join(said) + ")"

    def model(self) -> dict[str, Any]:
        """The form of the grid."""
        kind = COLUMNS[self.column]
        parts = [_part_model(kind, operation, values) for operation, values in self.parts]
        if len(parts) == 1:
            return parts[0]
        return {"filterType": kind, "operator": self.joined, "conditions": parts}


@dataclass(frozen=True, slots=True)
class GridModel:
    """Filters and order of a grid; `order` holds columns, each with whether it falls."""

    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()

    @classmethod
    def read(cls, filters: object, order: object) -> Self:
        """Check what the browser sent.

        Raises:
            GridModelError: anything that is not of the grid's own making.
        """
        named = {} if filters is None else filters
        if not isinstance(named, Mapping) or len(named) > len(COLUMNS):
            raise GridModelError(f"filters {str(filters)[:80]!r} are no table of columns: clear them")
        return cls(tuple(_condition(column, said) for column, said in named.items()), _order(order))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `to_text` wrote, from the address.

        Raises:
            GridModelError: it is too long, no JSON, or of another form.
        """
        if not text:
            return cls()
        if len(text) > MAX_MODEL_LENGTH:
            raise GridModelError(f"the grid's filters have {len(text)} characters, over {MAX_MODEL_LENGTH}")
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GridModelError(f"the grid's filters {text[:80]!r} are no JSON: clear them") from error
        if not isinstance(said, dict):
            raise GridModelError(f"the grid's filters {text[:80]!r} are no table: clear them")
        return cls.read(said.get("filter"), said.get("sort"))

    def to_text(self) -> str:
        """For the address; empty when there is neither filter nor order."""
        if not self.conditions and not self.order:
            return ""
        said = {"filter": self.filter_model(), "sort": self.sort_model()}
        return json.dumps(said, separators=(",", ":"), sort_keys=True)

    def filter_model(self) -> dict[str, Any]:
        """The filters, as the grid writes them."""
        return {one.column: one.model() for one in self.conditions}

    def sort_model(self) -> list[dict[str, str]]:
        """The order, as the grid writes it."""
        return [{"colId": column, "sort": "desc" if falling else "asc"} for column, falling in self.order]

    def where(self) -> str:
        """SQL over the alias `v`."""
        return " AND ".join(one.sql() for one in self.conditions) or "TRUE"


def _order(said: object) -> tuple[tuple[str, bool], ...]:
    if said is None:
        return ()
    if not isinstance(said, list) or len(said) > MAX_SORTS:
        raise GridModelError(f"order {str(said)[:80]!r} must name at most {MAX_SORTS} columns")
    order = tuple(_sort(one) for one in said)
    if len(dict(order)) < len(order):
        raise GridModelError(f"order {str(said)[:80]!r} names a column twice")
    return order


def _sort(said: object) -> tuple[str, bool]:
    if not isinstance(said, Mapping) or said.get("sort") not in ("asc", "desc"):
        raise GridModelError(f"order {str(said)[:80]!r} is neither asc nor desc")
    return _column(said.get("colId")), said["sort"] == "desc"


def _column(name: object) -> str:
    if not isinstance(name, str) or name not in COLUMNS:
        raise GridModelError(f"column {str(name)[:80]!r} is none of: {', '.join(COLUMNS)}")
    return name


def _condition(name: object, said: object) -> Condition:
    column = _column(name)
    if not isinstance(said, Mapping):
        raise GridModelError(f"filter {str(said)[:80]!r} of {column} is no table")
    parts = said.get("conditions", [said])
    joined = said.get("operator", "AND")
    if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_CONDITIONS or joined not in ("AND", "OR"):
        raise GridModelError(f"filter of {column} must be 1 to {MAX_CONDITIONS} conditions, AND or OR")
    return Condition(column, tuple(_part(column, one) for one in parts), joined)


def _part(column: str, said: object) -> tuple[str, tuple[str | float, ...]]:
    kind = COLUMNS[column]
    operation = said.get("type") if isinstance(said, Mapping) else None
    if not isinstance(said, Mapping) or not isinstance(operation, str):
        raise GridModelError(f"filter {str(said)[:80]!r} of {column} names no operation")
    if operation in ("blank", "notBlank"):
        return operation, ()
    if kind == "text" and (operation in LIKE_PATTERNS or operation in ("equals", "notEqual")):
        return operation, (_text(column, said.get("filter")),)
    if kind == "number" and operation in NUMBERS:
        return operation, (_number(column, said.get("filter")),)
    if kind == "number" and operation == "inRange":
        return operation, (_number(column, said.get("filter")), _number(column, said.get("filterTo")))
    raise GridModelError(f"operation {operation[:40]!r} does not fit {column}, which holds a {kind}")


def _text(column: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH or "\x00" in value:
        raise GridModelError(f"filter of {column} must be text of at most {MAX_TEXT_LENGTH} characters")
    return value


def _number(column: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and -MAX_NUMBER <= value <= MAX_NUMBER:
        return value
    raise GridModelError(f"filter {str(value)[:40]!r} of {column} must be a number")


def _said(column: str, operation: str, values: tuple[str | float, ...]) -> str:
    name = f"v.{column}"
    if operation in ("blank", "notBlank"):
        return f"{name} IS {'NOT ' if operation == 'notBlank' else ''}NULL"
    if COLUMNS[column] == "number":
        name = f"CAST({name} AS DOUBLE)"
        if operation == "inRange":
            return f"({name} >= {values[0]!r} AND {name} <= {values[1]!r})"
        return f"{name} {NUMBERS[operation]} {values[0]!r}"
    return _text_said(name, operation, str(values[0]))


def _text_said(name: str, operation: str, value: str) -> str:
    """Without regard to case, as the grid's users expect."""
    lowered, word = f"lower({name})", value.lower()
    if operation in LIKE_PATTERNS:
        shown = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        no = "NOT " if operation == "notContains" else ""
        return f"{lowered} {no}LIKE {quoted(LIKE_PATTERNS[operation].format(shown))}"
    return f"{lowered} {NUMBERS[operation]} {quoted(word)}"


def _part_model(kind: str, operation: str, values: tuple[str | float, ...]) -> dict[str, Any]:
    return {
        "filterType": kind,
        "type": operation,
        **dict(zip(("filter", "filterTo"), values, strict=False)),
    }
