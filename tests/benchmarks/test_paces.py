from __future__ import annotations

from itertools import islice
from types import SimpleNamespace

from deltalake import DeltaTable

from benchmarks.batch_times import LOOK_EVERY, committed, until
from benchmarks.batches import ARCHIVE, DETECT
from benchmarks.hourly_run import CAMERA, leave_frames
from lake.accounting.open_frames import count_open_frames, open_frames
from lake.contracts.hours import Scope
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.storage.tables import COMMON_PROPERTIES
from tests.conftest import at
from tests.dashboards.explore_lake import schema


def commit(folder, query, number):
    (folder / query / "commits").mkdir(parents=True, exist_ok=True)
    (folder / query / "commits" / str(number)).touch()


def test_the_newest_commit_of_a_checkpoint_counts_by_its_number_and_none_is_less_than_the_first(tmp_path):
    system = SimpleNamespace(checkpoint=lambda query: tmp_path / query)
    for number in (9, 10, 100):
        commit(tmp_path, DETECT, number)
    (tmp_path / DETECT / "commits" / ".100.tmp").touch()
    assert (committed(system, DETECT), committed(system, ARCHIVE)) == (100, -1)


def test_pictures_are_sent_in_turns_until_both_queries_are_far_enough(tmp_path):
    system = SimpleNamespace(checkpoint=lambda query: tmp_path / query)
    commit(tmp_path, DETECT, 30)
    pictures = until(system, 20, [b"one", b"two", b"three"])
    assert list(islice(pictures, 4)) == [b"one", b"two", b"three", b"one"]
    commit(tmp_path, ARCHIVE, 20)
    assert len(list(pictures)) == LOOK_EVERY - 4


def test_the_pictures_of_the_heap_wait_for_the_batch_layer_spread_over_their_hour(tmp_path):
    for table in (FRAMES, DETECTIONS):
        told = {"partition_by": ["day"], "configuration": COMMON_PROPERTIES}
        DeltaTable.create(str(tmp_path / table.name), schema(table), **told)
    leave_frames(SimpleNamespace(lake=tmp_path), [b"a", b"bc", b"d", b"e", b"fgh", b"i"], at("11:00"))
    scope = Scope((at("11:00"),), (CAMERA,))
    found = [(row["offset"], row["observed_at"], row["bytes"]) for row in open_frames(tmp_path, scope)]
    assert count_open_frames(tmp_path, scope) == 6
    assert found == [
        (0, at("11:00"), 1),
        (1, at("11:10"), 2),
        (2, at("11:20"), 1),
        (3, at("11:30"), 1),
        (4, at("11:40"), 3),
        (5, at("11:50"), 1),
    ]
