"""Replace files in one step while others read them, and hash them. Standard library only."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, mode: int = 0o644, *, sync: bool = False) -> Iterator[Path]:
    """Yield an empty file beside `path` to write, which replaces it when the block ends.

    A reader sees the old content or the new, never half; a block that fails leaves the old.

    Args:
        path: in a folder that is there.
        mode: of the new file, less the umask.
        sync: whether its content is on disk before it takes its place.

    Raises:
        OSError: the folder cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield draft
        if sync:
            with draft.open("rb") as file:
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes, mode: int = 0o644, *, sync: bool = False) -> None:
    """Replace a file in one step, creating its folder if missing; text is written as UTF-8.

    Raises:
        OSError: the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, mode, sync=sync) as draft:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
