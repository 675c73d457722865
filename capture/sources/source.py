"""Where pictures come from. Another kind of source need only follow the `Source` protocol."""

from __future__ import annotations

from typing import Protocol

from capture.pictures.encoding import Picture


class CameraUnavailableError(ConnectionError):
    """A source that cannot be opened, or that stopped giving pictures."""


class EndOfSourceError(EOFError):
    """A file or folder that was walked to its end."""


class UnreadablePictureError(ValueError):
    """One picture of several cannot be read; the source goes on with the next one."""


class Source(Protocol):
    """Gives pictures; every call returns within about a second, whatever the device or network does."""

    @property
    def fastest(self) -> float:
        """Seconds between two different pictures of the source, 0 where unknown; known once open."""
        ...

    @property
    def lost(self) -> str:
        """Why an open source has no more pictures, where that is known before one is asked for."""
        ...

    def open(self) -> None:
        """Begin; may return before the first picture is there.

        Raises:
            CameraUnavailableError: it cannot be opened.
        """
        ...

    def read(self, step: float) -> Picture | None:
        """The picture `step` seconds after the last one, or the freshest; None when there is none yet.

        Raises:
            CameraUnavailableError: the source was lost.
            UnreadablePictureError: this picture is broken; the next call goes on with the next one.
            EndOfSourceError: there will be no more.
        """
        ...

    def close(self) -> None:
        """Release the source; it may be opened again."""
        ...
