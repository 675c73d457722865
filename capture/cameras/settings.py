"""The agent's own settings, read once in `main`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from lake.config.settings import Settings, number, path, whole

DEMO_CLIP: Final = Path("clips", "bikes.mp4")


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """Settings of the agent, and defaults of its cameras.

    Attributes:
        cameras: the file that lists the cameras.
        demo_clip: the clip behind the source `demo`.
        interval: seconds between two pictures.
        width, height: pixels asked of a device; it may give others.
        quality: of the JPEG, 1..100.
        buffer_frames, buffer_bytes: limits of one camera's buffer while the broker is away.
        patience: seconds without a picture after which a live camera is reopened.
        frozen: seconds of the same picture after which a live camera is reopened; 0: never.
    """

    cameras: Path
    demo_clip: Path
    interval: float = 3.0
    width: int = 1280
    height: int = 720
    quality: int = 85
    buffer_frames: int = 64
    buffer_bytes: int = 16 * 1024 * 1024
    patience: float = 4.0
    frozen: float = 60.0

    @classmethod
    def from_env(cls, env: Mapping[str, str], settings: Settings) -> Self:
        """Read `PYCTURESTREAM_CAMERAS` and `PYCTURESTREAM_CAPTURE_*` from any mapping.

        Raises:
            SettingError: a number that is none, or outside its range.
        """
        return cls(
            cameras=path(env, "CAMERAS", settings.data / "cameras.toml"),
            demo_clip=settings.home / DEMO_CLIP,
            interval=number(env, "CAPTURE_INTERVAL"),
            width=whole(env, "CAPTURE_WIDTH"),
            height=whole(env, "CAPTURE_HEIGHT"),
            quality=whole(env, "CAPTURE_QUALITY"),
            buffer_frames=whole(env, "CAPTURE_BUFFER_FRAMES"),
            buffer_bytes=int(number(env, "CAPTURE_BUFFER_MB") * 1024 * 1024),
            patience=number(env, "CAPTURE_PATIENCE"),
            frozen=number(env, "CAPTURE_FROZEN"),
        )
