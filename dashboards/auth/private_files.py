"""Files that only their owner may read, replaced in one step."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


def write_privately(path: Path, content: bytes) -> None:
    """Replace a file with one of mode 0600; a reader sees the old content or the new, never half.

    Raises:
        OSError: the folder cannot be made or written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


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
