"""The decision about each hour and camera, and hence what is served of it.

Decisions are only added, the newest by `decided_at` counts. An hour and camera that was ever published
serves what was published last, also when a later audit held it; one that was only held serves nothing;
`open` says that a candidate waits for its audit and changes nothing.
"""

from __future__ import annotations

from typing import Any, Final

from lake.config.lake_location import LakeLocation
from lake.schema.batch_schemas import PUBLICATIONS
from lake.storage.reader import read_rows
from lake.views.view import View


def publication_states(source: str = "publications", where: str = "TRUE") -> str:
    """Return SQL of one row per hour and camera: its newest decision, and what is served.

    Args:
        source: table or view with the rows of `publications`.
        where: condition on day, hour and camera_id; both SQL engines read it.

    Returns:
        SQL whose rows are those of `publications` and `serving`: published, nothing, or live while only
        candidates were counted.
    """
    return f"""
    SELECT s.* EXCEPT (place, ever_published),
           CASE WHEN s.ever_published = 1 THEN 'published'
                WHEN s.state = 'held' THEN 'nothing' ELSE 'live' END AS serving
    FROM (SELECT p.*,
                 row_number() OVER (
                     PARTITION BY p.day, p.hour, p.camera_id
                     ORDER BY CASE WHEN p.state = 'open' THEN 1 ELSE 0 END,
                              p.decided_at DESC NULLS LAST, p.state DESC, p.run_id) AS place,
                 max(CASE WHEN p.state = 'published' THEN 1 ELSE 0 END) OVER (
                     PARTITION BY p.day, p.hour, p.camera_id) AS ever_published
          FROM {source} p WHERE {where}) s
    WHERE s.place = 1"""


PUBLICATION_STATES: Final = View(
    "publication_states",
    "One row per hour and camera: its newest decision, and what is served: published, nothing or live",
    publication_states(),
)


def decisions(root: LakeLocation, where: str = "TRUE") -> list[dict[str, Any]]:
    """Return the newest published or held decision of each hour and camera, in their order.

    Args:
        root: root folder of the tables.
        where: condition on day, hour and camera_id.
    """
    states = publication_states(where=where)
    sql = f"SELECT d.* FROM ({states}) d WHERE d.state <> 'open' ORDER BY d.hour, d.camera_id"
    return read_rows(root, sql, PUBLICATIONS)
