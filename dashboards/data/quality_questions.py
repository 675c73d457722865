"""SQL queries of audits: of each hour and camera only the newest audit counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lake.contracts.wire_format import rfc3339
from lake.storage.sql_literals import days_between, quoted
from lake.views.publication_states import publication_states

MAX_DAYS: Final = 31
"""Thirty days of any zone's clock lie in as many hours as 31 days of UTC."""
MAX_HELD: Final = 200
MAX_DETAILS: Final = 200
MAX_OBSERVED_LENGTH: Final = 500

STATE: Final = (
    "CASE WHEN r.success THEN CASE WHEN r.checked > 0 THEN 'passed' ELSE 'not run' END "
    "WHEN r.severity = 'warning' THEN 'warned' ELSE 'failed' END"
)
"""What became of a check; one that had no row to look at was not run."""


@dataclass(frozen=True, slots=True)
class QualityFilter:
    """Filter of the audits.

    Attributes:
        first, last: UTC, half-open; hours that start within are meant, of more than MOST_DAYS the newest.
        cameras: camera ids; none means all.
        severity: critical or warning; empty means both.
        cuts: UTC, rising, between first and last: where answers go on to their next column, counted from 0.
    """

    first: datetime
    last: datetime
    cameras: frozenset[str] = frozenset()
    severity: str = ""
    cuts: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        """Clamp the hours to what is read at once."""
        object.__setattr__(self, "first", max(self.first, self.last - timedelta(days=MAX_DAYS)))

    def hours(self, alias: str) -> str:
        """Return the condition on day, hour and camera."""
        conditions = [
            days_between(alias, self.first.date(), self.last.date()),
            f"{alias}.hour >= TIMESTAMP '{rfc3339(self.first)}'",
            f"{alias}.hour < TIMESTAMP '{rfc3339(self.last)}'",
        ]
        if self.cameras:
            conditions.append(f"{alias}.camera_id IN ({', '.join(map(quoted, sorted(self.cameras)))})")
        return " AND ".join(conditions)

    def column(self, hour: str) -> str:
        """Return the number of the column in which an hour begins."""
        whens = (
            f"WHEN {hour} < TIMESTAMP '{rfc3339(cut)}' THEN {number}" for number, cut in enumerate(self.cuts)
        )
        return f"CASE {' '.join(whens)} ELSE {len(self.cuts)} END" if self.cuts else "0"

    def checks(self) -> str:
        """Return the condition on the rows `r` of quality_results."""
        severity = f" AND r.severity = {quoted(self.severity)}" if self.severity else ""
        return self.hours("r") + severity


def _of_newest(audits: QualityFilter, columns: str, suffix: str = "") -> str:
    """Return SQL over the rows `r` of the newest audit of each hour and camera."""
    return f"""
    WITH audits AS (
        SELECT n.hour, n.camera_id, n.run_id, n.checked_at, {audits.column("n.hour")} AS column_number,
               row_number() OVER (PARTITION BY n.hour, n.camera_id
                                  ORDER BY n.checked_at DESC, n.run_id DESC) AS place
        FROM (SELECT DISTINCT q.hour, q.camera_id, q.run_id, q.checked_at
              FROM quality_results q WHERE {audits.hours("q")}) n)
    SELECT {columns}
    FROM quality_results r JOIN audits a
      ON r.hour = a.hour AND r.camera_id = a.camera_id AND r.run_id = a.run_id
         AND r.checked_at = a.checked_at
    WHERE a.place = 1 AND {audits.checks()} {suffix}"""


def checks_by_column(audits: QualityFilter) -> str:
    """Return SQL of one row per expectation and column: checks by state, rows checked and failing."""
    states = ", ".join(
        f"sum(CASE WHEN {STATE} = '{state}' THEN 1 ELSE 0 END) AS {state}"
        for state in ("failed", "warned", "passed")
    )
    columns = (
        f'r.expectation, a.column_number AS "column", {states}, '
        "sum(r.checked) AS checked, sum(r.unexpected) AS unexpected"
    )
    return _of_newest(audits, columns, "GROUP BY r.expectation, a.column_number")


def details(audits: QualityFilter, expectation: str) -> str:
    """Return SQL of one row per hour and camera of one expectation: failures first, newest first."""
    columns = (
        f"r.hour, r.camera_id, {STATE} AS state, r.subject, r.severity, r.sentence, r.checked, r.unexpected, "
        f"left(r.observed, {MAX_OBSERVED_LENGTH}) AS observed, r.run_id, r.checked_at, "
        "count(*) OVER () AS count"
    )
    order = "CASE WHEN r.success THEN 1 ELSE 0 END, r.hour DESC, r.camera_id"
    where = f"AND r.expectation = {quoted(expectation)} ORDER BY {order} LIMIT {MAX_DETAILS}"
    return _of_newest(audits, columns, where)


def expectations(audits: QualityFilter) -> str:
    """Return SQL of the description of each expectation, the newest last."""
    columns = "r.expectation, r.subject, r.severity, r.sentence"
    return (
        f"SELECT {columns}, max(r.checked_at) AS checked_at FROM quality_results r WHERE {audits.checks()} "
        f"GROUP BY {columns} ORDER BY max(r.checked_at)"
    )


def hours_by_state(audits: QualityFilter) -> str:
    """Return SQL of how many cameras' hours are published, held and open, by column."""
    return (
        'SELECT h.place AS "column", h.state, count(*) AS hours '
        f"FROM (SELECT {audits.column('s.hour')} AS place, s.state "
        f"FROM ({publication_states(where=audits.hours('p'))}) s) h GROUP BY h.place, h.state"
    )


def held_hours(audits: QualityFilter) -> str:
    """Return SQL of the held hours and cameras: why, since when, and when they were published before."""
    published_at = "max(CASE WHEN p.state = 'published' THEN p.decided_at END)"
    return f"""
    SELECT s.hour, s.camera_id, s.reasons, s.run_id, s.decided_at, h.since, h.published_at
    FROM ({publication_states(where=audits.hours("p"))}) s
    JOIN (SELECT o.hour, o.camera_id, min(o.decided_at) AS since, max(o.published_at) AS published_at
          FROM (SELECT p.hour, p.camera_id, p.state, p.decided_at,
                       {published_at} OVER (PARTITION BY p.hour, p.camera_id) AS published_at
                FROM publications p WHERE {audits.hours("p")}) o
          WHERE o.state = 'held' AND (o.published_at IS NULL OR o.decided_at > o.published_at)
          GROUP BY o.hour, o.camera_id) h
      ON s.hour = h.hour AND s.camera_id = h.camera_id
    WHERE s.state = 'held' ORDER BY s.hour DESC, s.camera_id LIMIT {MAX_HELD}"""


def newest_audit(audits: QualityFilter) -> str:
    """Return SQL of the run that audited last."""
    return (
        f"SELECT r.run_id, r.checked_at FROM quality_results r WHERE {audits.hours('r')} "
        "ORDER BY r.checked_at DESC, r.run_id DESC LIMIT 1"
    )


def cameras(audits: QualityFilter) -> str:
    """Return SQL of the names of all cameras that were counted or audited."""
    return " UNION ".join(
        f"SELECT CAST(t.camera_id AS VARCHAR) AS name FROM {table} t WHERE {audits.hours('t')}"
        for table in ("publications", "quality_results")
    )
