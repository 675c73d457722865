"""Silence libraries that write to the terminal from native code, past Python's own streams."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silence_native_output() -> Iterator[None]:
    """Suppress what native code writes to the terminal, unless the block fails unexpectedly.

    A ValueError or OSError is reported by the caller; noise would only hide it.
    """
    with tempfile.TemporaryFile() as log:
        saved = os.dup(1), os.dup(2)
        sys.stdout.flush()
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except (ValueError, OSError):
            raise
        except BaseException:
            log.seek(0)
            os.write(saved[1], log.read()[-4000:])
            raise
        finally:
            sys.stdout.flush()
            for descriptor, number in zip(saved, (1, 2), strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
