from __future__ import annotations

import os
from pathlib import Path

import pytest

from lake.storage.files import replacing, write_atomically


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_a_file_is_replaced_with_its_mode_and_nothing_is_left_beside(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "new folder" / "file.txt"
    for content in ("früher", b"later"):
        write_atomically(path, content, mode, sync=True)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"later", mode & ~_umask())
    write_atomically(path, "früher")
    assert path.read_bytes() == b"fr\xc3\xbcher"
    assert [*path.parent.iterdir()] == [path]


def test_who_fails_halfway_leaves_the_old_content_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as draft:
            draft.write_text("ha")
            assert path.read_text() == "old"
            raise KeyError(draft)

    with pytest.raises(KeyError):
        fail()
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("old", [path])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
