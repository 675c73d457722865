from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lake.accounting.ledger import LedgerTableMissingError, Span, balance

TOPIC, LIFE = "pycturestream", "life-1"
ENDS = {0: 3, 1: 2}
KEPT = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
SEEN = [*zip(KEPT, ("detected", "detected", "corrupt", "skipped_stale", "detected"), strict=True)]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Five records in two partitions, all stored in both tables; nothing expired."""
    write_seen(tmp_path, SEEN)
    write_kept(tmp_path, KEPT)
    write_gone(tmp_path, [])
    return tmp_path


def write_seen(lake: Path, rows: list[tuple[tuple[int, int], str]], layer="speed", life=LIFE) -> None:
    columns = [(TOPIC, life, partition, offset, layer, status) for (partition, offset), status in rows]
    write(lake / "detections", columns, "topic topic_id partition:int offset:long layer status")


def write_kept(lake: Path, rows: list[tuple[int, int]]) -> None:
    columns = [(TOPIC, LIFE, partition, offset) for partition, offset in rows]
    write(lake / "frames", columns, "topic topic_id partition:int offset:long")


def write_gone(lake: Path, rows: list[tuple[str, int, int, int]]) -> None:
    columns = [(query, TOPIC, LIFE, *rest) for query, *rest in rows]
    write(
        lake / "expired_ranges", columns, "query topic topic_id partition:int from_offset:long to_offset:long"
    )


def write(path: Path, rows: list[tuple], names: str) -> None:
    kinds = {"int": pa.int32(), "long": pa.int64(), "": pa.string()}
    split = [name.partition(":") for name in names.split()]
    schema = pa.schema([(name, kinds[kind]) for name, _, kind in split])
    columns = zip(*rows, strict=True) if rows else [[] for _ in split]
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)]
    write_deltalake(path, pa.Table.from_arrays(arrays, schema=schema), mode="append")


def test_records_with_one_row_in_each_table_balance(lake: Path) -> None:
    ledger = balance(lake, LIFE, ENDS)
    assert ledger.is_balanced
    assert ledger.detections.counts == {"detected": 3, "corrupt": 1, "skipped_stale": 1}
    assert ledger.frames.counts == {"archived": 5}
    assert str(ledger) == (
        "detections: of 5 records 1 corrupt, 3 detected, 1 skipped_stale, 0 expired. It balances.\n"
        "frames: of 5 records 5 archived, 0 expired. It balances."
    )


def test_deleting_one_row_by_hand_shows(lake: Path) -> None:
    DeltaTable(lake / "detections").delete("partition = 0 AND offset = 1")
    ledger = balance(lake, LIFE, ENDS)
    assert not ledger.is_balanced
    assert ledger.detections.unaccounted == (Span(0, 1, 2),)
    assert ledger.frames.is_balanced
    assert "Nothing accounts for 1 of partition 0." in str(ledger)
    assert "balances" not in str(ledger.detections)


def test_deleting_one_archived_frame_by_hand_shows(lake: Path) -> None:
    DeltaTable(lake / "frames").delete("partition = 1 AND offset = 1")
    ledger = balance(lake, LIFE, ENDS)
    assert (ledger.is_balanced, ledger.detections.is_balanced) == (False, True)
    assert ledger.frames.unaccounted == (Span(1, 1, 2),)


def test_records_at_either_edge_of_the_broker_are_missed_too(lake: Path) -> None:
    DeltaTable(lake / "detections").delete("partition = 0 AND offset IN (0, 2)")
    assert balance(lake, LIFE, ENDS).detections.unaccounted == (Span(0, 0, 1), Span(0, 2, 3))


def test_a_second_row_of_a_record_is_a_duplicate_whatever_its_status(lake: Path) -> None:
    write_seen(lake, [((0, 1), "failed")])
    ledger = balance(lake, LIFE, ENDS)
    assert ledger.detections.duplicates == (Span(0, 1, 2),)
    assert not ledger.is_balanced
    assert "Counted more than once: 1 of partition 0." in str(ledger)


def test_a_frame_archived_twice_is_a_duplicate(lake: Path) -> None:
    write_kept(lake, [(1, 0)])
    assert balance(lake, LIFE, ENDS).frames.duplicates == (Span(1, 0, 1),)


def test_another_layer_may_analyse_a_record_again(lake: Path) -> None:
    write_seen(lake, [((0, 1), "detected")], layer="batch")
    assert balance(lake, LIFE, ENDS).is_balanced


def test_another_layer_does_not_stand_in_for_the_speed_layer(lake: Path) -> None:
    DeltaTable(lake / "detections").delete("partition = 0 AND offset = 1")
    write_seen(lake, [((0, 1), "detected")], layer="batch")
    assert balance(lake, LIFE, ENDS).detections.unaccounted == (Span(0, 1, 2),)


def test_a_former_life_of_the_topic_claims_nothing(lake: Path) -> None:
    write_seen(lake, [((0, 3), "detected")], life="life-0")
    assert balance(lake, LIFE, {0: 4, 1: 2}).detections.unaccounted == (Span(0, 3, 4),)


def test_expired_ranges_excuse_only_the_table_of_their_query(lake: Path) -> None:
    write_gone(lake, [("detect_objects", 0, 3, 6)])
    ledger = balance(lake, LIFE, {0: 6, 1: 2})
    assert (ledger.detections.expired, ledger.detections.is_balanced) == (3, True)
    assert ledger.frames.unaccounted == (Span(0, 3, 6),)


def test_overlapping_expired_ranges_count_their_records_twice(lake: Path) -> None:
    write_gone(lake, [("detect_objects", 0, 3, 8), ("detect_objects", 0, 5, 6), ("detect_objects", 0, 7, 9)])
    ledger = balance(lake, LIFE, {0: 9, 1: 2})
    assert ledger.detections.duplicates == (Span(0, 5, 6), Span(0, 7, 8))
    assert ledger.detections.unaccounted == ()


def test_a_stored_record_cannot_have_expired(lake: Path) -> None:
    write_gone(lake, [("archive_frames", 1, 1, 3)])
    assert balance(lake, LIFE, {0: 3, 1: 3}).frames.duplicates == (Span(1, 1, 2),)


def test_an_empty_range_claims_nothing(lake: Path) -> None:
    write_gone(lake, [("detect_objects", 0, 1, 1)])
    assert balance(lake, LIFE, ENDS).is_balanced


def test_records_behind_the_broker_s_ends_came_later(lake: Path) -> None:
    ledger = balance(lake, LIFE, {0: 2, 1: 1})
    assert ledger.is_balanced
    assert ledger.detections.counts == {"detected": 2, "skipped_stale": 1}


def test_a_partition_without_any_row_is_missed_whole(lake: Path) -> None:
    assert balance(lake, LIFE, {**ENDS, 2: 4}).frames.unaccounted == (Span(2, 0, 4),)


def test_a_lake_without_the_tables_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerTableMissingError, match="no table expired_ranges in"):
        balance(tmp_path, LIFE, ENDS)


def test_rows_that_came_in_several_files_are_compared_as_one(lake: Path) -> None:
    write_kept(lake, [(0, 5), (0, 3)])
    write_kept(lake, [(0, 1), (0, 2), (0, 6)])
    frames = balance(lake, LIFE, {0: 8, 1: 2}).frames
    assert frames.counts == {"archived": 10}
    assert frames.unaccounted == (Span(0, 4, 5), Span(0, 7, 8))
    assert frames.duplicates == (Span(0, 1, 3),)
