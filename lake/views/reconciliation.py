"""Records that the broker appended in each closed hour of its clock, against their fate in the tables.

The hours come from `broker_hours`, which no table had a part in; records are joined to them by their offsets.
Each cause is counted by itself, and what none of them explains is `unexplained`: it must be 0.
"""

from __future__ import annotations

from typing import Final

from lake.contracts.camera_hour import camera_of_row, hour_of_row
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.statuses import QUARANTINED, SKIPPED, is_among
from lake.contracts.wire_format import FRAMES_TOPIC, SPEED_QUERY
from lake.views.current_detections import current_detections
from lake.views.serving_views import reported
from lake.views.view import View, qualified, same

BUCKET: Final = 1000
"""Offsets that are looked up together: without it every record would be compared with every hour."""
PLACE: Final = ("topic_id", "partition", "offset")

BROKER_RANGES: Final = View(
    "broker_ranges",
    "One row per closed hour and partition: the offsets that the broker appended, without gaps",
    # Two programs may have recorded the same hour. Where the first row is taken, the next begins.
    """
    SELECT b.hour, b.topic, b.topic_id, b.partition,
           coalesce(lag(b.to_offset) OVER (PARTITION BY b.topic, b.topic_id, b.partition ORDER BY b.hour),
                    b.from_offset) AS from_offset, b.to_offset
    FROM (SELECT r.*, row_number() OVER (PARTITION BY r.hour, r.topic, r.topic_id, r.partition
                                         ORDER BY r.read_at, r.to_offset) AS place
          FROM broker_hours r) b
    WHERE b.place = 1""",
)

ANALYSES: Final = f"""
    (SELECT a.*, sum(a.seen) OVER (PARTITION BY {qualified("a", RECORD_KEY)}) AS seen_ever,
            sum(CASE WHEN a.layer = 'speed' THEN a.seen ELSE 0 END) OVER (
              PARTITION BY {qualified("a", RECORD_KEY)}) AS seen_live
     FROM (SELECT {qualified("d", RECORD_KEY)}, d.frame_id, d.status, d.layer, d.run_id, d.finished_at,
                  d.replay_id, {hour_of_row("d")} AS hour,
                  {camera_of_row("d")} AS camera_id,
                  greatest(size(filter(d.objects, o -> {reported("o.score")})), 0) AS seen
           FROM detections d WHERE d.topic = '{FRAMES_TOPIC}') a)"""
SHOWN: Final = f"""
    (SELECT {qualified("o", RECORD_KEY)}, count(*) AS shown FROM published_objects o
     WHERE o.topic = '{FRAMES_TOPIC}' AND {reported("o.score")} GROUP BY {qualified("o", RECORD_KEY)})"""
COUNTED: Final = """
    (SELECT s.hour, s.camera_id, max(h.counted_at) AS counted_at
     FROM publication_states s LEFT JOIN camera_hours h
       ON h.day = s.day AND h.hour = s.hour AND h.camera_id = s.camera_id
     WHERE s.serving = 'published' GROUP BY s.hour, s.camera_id)"""


def _if(condition: str, value: str = "1") -> str:
    return f"CASE WHEN {condition} THEN {value} ELSE 0 END"


COUNTS: Final = "c.replay_id IS NULL AND NOT c.is_duplicate"
PUBLISHED: Final = f"{COUNTS} AND p.hour IS NOT NULL"
CLAIMS: Final = {
    "analysed_live": _if("c.status = 'detected' AND c.layer = 'speed'"),
    "analysed_batch": _if("c.status = 'detected' AND c.layer <> 'speed'"),
    "skipped": _if(is_among("c.status", SKIPPED)),
    "corrupt": _if(is_among("c.status", QUARANTINED)),
    "objects_live": "c.seen_live",
    "objects_batch": "c.seen_ever - c.seen_live",
    "objects_superseded": "c.seen_ever - c.seen",
    "objects_duplicate": _if("c.replay_id IS NULL AND c.is_duplicate", "c.seen"),
    "objects_replayed": _if("c.replay_id IS NOT NULL", "c.seen"),
    "objects_unpublished": _if(f"{COUNTS} AND p.hour IS NULL", "c.seen"),
    # Signed: an outcome that came after the count may have seen less than the one that was counted.
    "objects_late": _if(f"{PUBLISHED} AND c.finished_at > p.counted_at", "c.seen - coalesce(u.shown, 0)"),
}
"""What a record with an outcome adds to its hour, by column."""
OTHER: Final = {"archived": "1", "objects_published": "coalesce(e.shown, 0)", "lost": "1"}
"""What other rows add: a frame, published objects, an offset that expired."""
NAMES: Final = (*CLAIMS, "known", *OTHER)


def _claims(alias: str, own: dict[str, str]) -> str:
    values = ", ".join(f"{own.get(name, '0')} AS {name}" for name in NAMES)
    return f"{qualified(alias, PLACE)}, {values}"


def _claim(name: str, alias: str) -> str:
    return _claims(alias, {name: OTHER[name]})


EXPIRED: Final = f"""
    (SELECT x.topic_id, x.partition, explode(sequence(x.from_offset, x.to_offset - 1)) AS offset
     FROM expired_ranges x
     WHERE x.query = '{SPEED_QUERY}' AND x.topic = '{FRAMES_TOPIC}' AND x.from_offset < x.to_offset)"""
ROWS: Final = f"""
    SELECT {_claims("c", {**CLAIMS, "known": "1"})}
    FROM ({current_detections(ANALYSES)}) c
    LEFT JOIN {COUNTED} p ON p.hour = c.hour AND p.camera_id = c.camera_id
    LEFT JOIN {SHOWN} u ON {same("c", "u", RECORD_KEY)}
    UNION ALL SELECT {_claim("archived", "f")} FROM frames f WHERE f.topic = '{FRAMES_TOPIC}'
    UNION ALL SELECT {_claim("objects_published", "e")} FROM {SHOWN} e
    UNION ALL SELECT {_claim("lost", "x")} FROM {EXPIRED} x"""
ONCE: Final = {
    **{name: f"sum(r.{name})" for name in (*CLAIMS, "objects_published")},
    "archived": "max(r.archived)",
    "expired": "CASE WHEN sum(r.known) = 0 THEN max(r.lost) ELSE 0 END",
}
"""What one offset adds: it expired only where nothing else became of it."""
RECORDS: Final = f"""
    SELECT {qualified("r", PLACE)}, {", ".join(f"{sql} AS {name}" for name, sql in ONCE.items())}
    FROM ({ROWS}) r GROUP BY {qualified("r", PLACE)}"""
BUCKETS: Final = f"""
    (SELECT g.*, explode(sequence(g.from_offset DIV {BUCKET}, (g.to_offset - 1) DIV {BUCKET})) AS bucket
     FROM broker_ranges g WHERE g.from_offset < g.to_offset AND g.topic = '{FRAMES_TOPIC}')"""
SUMS: Final = f"""
    SELECT b.hour, {", ".join(f"sum(k.{name}) AS {name}" for name in ONCE)}
    FROM {BUCKETS} b JOIN ({RECORDS}) k
      ON k.topic_id = b.topic_id AND k.partition = b.partition AND k.offset DIV {BUCKET} = b.bucket
     AND k.offset >= b.from_offset AND k.offset < b.to_offset
    GROUP BY b.hour"""

BECAME: Final = ("analysed_live", "analysed_batch", "skipped", "corrupt", "expired")
EXPLAINED: Final = (
    "superseded", "duplicate", "replayed", "unpublished", "late", "published",
)  # fmt: skip
RECONCILIATION: Final = View(
    "reconciliation",
    "One row per closed hour of the broker: what it received, what became of it, and what is unexplained",
    f"""
    SELECT z.hour, z.received, {qualified("z", BECAME)},
           z.received - {" - ".join(f"z.{name}" for name in BECAME)} AS unexplained,
           z.archived, z.received - z.archived AS unarchived, z.objects_live, z.objects_batch,
           {", ".join(f"z.objects_{name}" for name in EXPLAINED)},
           z.objects_live + z.objects_batch - {" - ".join(f"z.objects_{name}" for name in EXPLAINED)}
             AS objects_unexplained
    FROM (SELECT t.hour, t.received, {", ".join(f"coalesce(s.{name}, 0) AS {name}" for name in ONCE)}
          FROM (SELECT g.hour, sum(g.to_offset - g.from_offset) AS received FROM broker_ranges g
                WHERE g.topic = '{FRAMES_TOPIC}' GROUP BY g.hour) t
          LEFT JOIN ({SUMS}) s ON s.hour = t.hour) z""",
)
