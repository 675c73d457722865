"""The protocol of sources of pictures, and their errors."""

from __future__ import annotations

from typing import Protocol

from capture.pictures.encoding import Picture


class CameraUnavailableError(ConnectionError):
    """A source that cannot be opened, or that stopped giving pictures."""


class EndOfSourceError(EOFError):
    """A file or folder that was read to its end."""


class UnreadablePictureError(ValueError):
    """One picture of several cannot be read; the source continues with the next one."""


class Source(Protocol):
    """A source of pictures; every call returns within about a second, whatever the device or network does."""

    @property
    def fastest(self) -> float:
        """Return the seconds between two different pictures, 0 if unknown; valid once open."""
        ...

    @property
    def lost(self) -> str:
        """Return why an open source has no more pictures, if known before a read; else empty."""
        ...

    def open(self) -> None:
        """Open the source; may return before the first picture is there.

        Raises:
            CameraUnavailableError: it cannot be opened.
        """
        ...

    def read(self, step: float) -> Picture | None:
        """Return the picture `step` seconds after the last one, or the newest; None if there is none yet.

        Raises:
            CameraUnavailableError: the source was lost.
            UnreadablePictureError: this picture is broken; the next call continues with the next one.
            EndOfSourceError: there are no more pictures.
        """
        ...

    def close(self) -> None:
        """Release the source; it may be opened again."""
        ...
