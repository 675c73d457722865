"""Files that only their owner may read, replaced in one step."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Final

from lake.storage.files import write_atomically

KEY_BYTES: Final = 32


def write_privately(path: Path, content: bytes) -> None:
    """Replace a file with one of mode 0600; a reader sees the old content or the new, never half.

    Raises:
        OSError: the folder cannot be made or written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, content, 0o600, sync=True)


def secret_key(path: Path) -> bytes:
    """The key that signs session cookies; made at the first call and then kept.

    Raises:
        OSError: it cannot be read or written.
    """
    try:
        kept = path.read_bytes()
    except FileNotFoundError:
        kept = b""
    if len(kept) >= KEY_BYTES:
        return kept
    fresh = secrets.token_bytes(KEY_BYTES)
    write_privately(path, fresh)
    return fresh
