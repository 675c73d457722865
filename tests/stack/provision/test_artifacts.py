"""The list of fetched files, and the stamp of those that were checked."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from stack.provision.artifacts import Stamp, load_artifacts

RIGHT = hashlib.sha256(b"right").hexdigest()


def test_the_list_names_seven_jars_of_spark_and_those_of_the_broker() -> None:
    artifacts = load_artifacts()
    assert {folder: len(jars) for folder, jars in artifacts.jars.items()} == {"spark": 7, "kafka": 46}
    assert [clip.path for clip in artifacts.clips.files] == [
        "clips/bikes.mp4",
        "clips/bigbuckbunny.mp4",
        "clips/carphone_pristine.mp4",
    ]


def test_every_listed_file_has_a_size_and_a_sha256() -> None:
    artifacts = load_artifacts()
    packages = (artifacts.model, artifacts.clips)
    files = [file for package in packages for file in (package.archive, *package.files)]
    files += [jar for jars in artifacts.jars.values() for jar in jars]
    assert [file for file in files if not re.fullmatch("[0-9a-f]{64}", file.sha256) or file.size < 1000] == []


def test_a_file_is_held_only_with_the_right_bytes(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"right")
    (tmp_path / "two").write_bytes(b"wrong")
    stamp = Stamp(tmp_path)
    assert [stamp.holds(name, RIGHT) for name in ("one", "two", "three")] == [True, False, False]


def test_a_file_changed_after_its_check_is_checked_again(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"right")
    stamp = Stamp(tmp_path)
    stamp.holds("one", RIGHT)
    stamp.save()
    (tmp_path / "one").write_bytes(b"wrong")
    os.utime(tmp_path / "one", (1, 1))
    assert not Stamp(tmp_path).holds("one", RIGHT)


def test_a_file_whose_expected_hash_changed_is_checked_again(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"right")
    stamp = Stamp(tmp_path)
    stamp.holds("one", RIGHT)
    assert not stamp.holds("one", hashlib.sha256(b"newer").hexdigest())


def test_a_broken_stamp_only_costs_the_hashing(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"right")
    (tmp_path / "verified.json").write_text("{half")
    assert Stamp(tmp_path).holds("one", RIGHT)
