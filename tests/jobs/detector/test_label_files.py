from __future__ import annotations

from pathlib import Path

import pytest

from jobs.detector.label_files import LabelsError, find_labels, read_label_file

LABEL_MAP = r"""
# two ways to write it
item {
  name: "/m/01g317"
  id: 1
  display_name: 'Person'
}
item: { id: 44, name: "driver\'s \"cup\"" }
item { id: 45 }
"""


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("person\ncar\n", {1: "person", 2: "car"}),
        ("person\n\ncar", {1: "person", 3: "car"}),
        ("1 person\n3: traffic light\n90, toothbrush\n", {1: "person", 3: "traffic light", 90: "toothbrush"}),
        ("0 background\n1 person\n", {0: "background", 1: "person"}),
        ("\ufeff7 up\nperson\n", {1: "7 up", 2: "person"}),
        (LABEL_MAP, {1: "Person", 44: 'driver\'s "cup"'}),
    ],
)
def test_a_labels_file_is_read_in_all_its_ways(tmp_path: Path, text: str, labels: dict[int, str]) -> None:
    (path := tmp_path / "labels").write_text(text, encoding="utf-8")
    assert read_label_file(path) == labels


@pytest.mark.parametrize("data", [b"", b"\n\n", b"item { id: 1 }", b"\xff\xfe"])
def test_a_file_that_names_nothing_is_refused(tmp_path: Path, data: bytes) -> None:
    (path := tmp_path / "labels").write_bytes(data)
    with pytest.raises(LabelsError, match=f"{path} (names no classes|is no UTF-8 text)"):
        read_label_file(path)


def test_labels_are_found_by_their_usual_names(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="or give --labels FILE"):
        find_labels(tmp_path)
    (tmp_path / "label_map.pbtxt").touch()
    assert find_labels(tmp_path) == tmp_path / "label_map.pbtxt"
