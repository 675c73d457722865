"""Takes a picture from one source and reads its properties: `python -m capture.probe.probe_source`.

A process of its own, because a device's driver may hang or crash. It reads one line of JSON, a `Request`,
from standard input, so that no password is seen in the list of processes, and answers with one on standard
output. Output of OpenCV and FFmpeg comes too: `capture.probe.probe` finds the cause of a failure in it.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from capture.cameras.cameras import DEMO, Camera
from capture.pictures.encoding import encode_jpeg
from lake.storage.files import write_atomically

if TYPE_CHECKING:
    import cv2

    from capture.sources.source import Source

WARM_UP = 8
"""Pictures read from a device or stream until one is kept: the first are dark, or grey."""
PROPERTIES = {
    "fps": "FPS",
    "height": "FRAME_HEIGHT",
    "width": "FRAME_WIDTH",
    "brightness": "BRIGHTNESS",
    "contrast": "CONTRAST",
    "saturation": "SATURATION",
    "hue": "HUE",
    "gain": "GAIN",
    "exposure": "EXPOSURE",
    "pos-msec": "POS_MSEC",
    "avi-ratio": "POS_AVI_RATIO",
}
"""Reported properties of a source, in this order → OpenCV's name."""

UNKNOWN = -1.0
"""OpenCV's value for a property that the source does not know."""


@dataclass(frozen=True, slots=True)
class Request:
    """Source to probe; `picture` is the path for the test picture."""

    camera: Camera
    demo_clip: Path
    picture: Path

    def to_json(self) -> str:
        """Return the request as one line."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Parse a request."""
        data = json.loads(line)
        return cls(Camera(**data["camera"]), Path(data["demo_clip"]), Path(data["picture"]))


def probe_source(request: Request) -> dict[str, Any]:
    """Return `properties` and `picture`, or `cause`: `unopened` or `no_picture`.

    Raises:
        OSError: the picture cannot be saved.
        UnsendablePictureError: it cannot be encoded.
    """
    if source := _source_of_pictures(request.camera):
        return _save_first_picture(source, request)
    video = _open(request)
    try:
        if not video.isOpened():
            return {"cause": "unopened"}
        ok, picture = _read_picture(video, WARM_UP if request.camera.is_live else 1)
        if not ok:
            return {"cause": "no_picture"}
        properties = _read_properties(video)
    finally:
        video.release()
    write_atomically(request.picture, encode_jpeg(picture, request.camera.quality))
    return {"properties": properties, "picture": str(request.picture)}


def _source_of_pictures(camera: Camera) -> Source | None:
    """Return the source of a camera that OpenCV cannot open by itself, or None."""
    from capture.sources.factory import GENERATORS
    from capture.sources.folder_source import FolderSource

    if generator := GENERATORS.get(camera.source):
        return generator(camera.width, camera.height)
    named = camera.source == DEMO or camera.is_device or camera.is_stream
    is_folder = not named and Path(camera.source).is_dir()
    return FolderSource(Path(camera.source), loop=False) if is_folder else None


def _save_first_picture(source: Source, request: Request) -> dict[str, Any]:
    """Save the first picture of a source; only its size is known as a property."""
    source.open()
    picture = source.read(0)
    source.close()
    if picture is None:
        return {"cause": "no_picture"}
    height, width = picture.shape[:2]
    write_atomically(request.picture, encode_jpeg(picture, request.camera.quality))
    size = {"height": float(height), "width": float(width)}
    return {"properties": dict.fromkeys(PROPERTIES) | size, "picture": str(request.picture)}


def _open(request: Request) -> cv2.VideoCapture:
    import cv2

    from capture.sources.reader_process import OpenRequest, connect

    camera = request.camera
    if camera.is_device or camera.is_stream:
        return connect(OpenRequest(camera.source, camera.width, camera.height))
    path = request.demo_clip if camera.source == DEMO else Path(camera.source)
    return cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)


def _read_picture(video: cv2.VideoCapture, number: int) -> tuple[bool, Any]:
    """Read the picture of that number, or the last one before the source ended."""
    ok, picture = video.read()
    for _ in range(number - 1):
        more, next_picture = video.read()
        if not more:
            break
        picture = next_picture
    return ok, picture


def _read_properties(video: cv2.VideoCapture) -> dict[str, float | None]:
    """Read the properties that the source reports; None for those it does not."""
    import cv2

    values = {
        name: float(video.get(getattr(cv2, f"CAP_PROP_{cv2_name}"))) for name, cv2_name in PROPERTIES.items()
    }
    return {
        name: value if math.isfinite(value) and value != UNKNOWN else None for name, value in values.items()
    }


def main() -> int:
    """Read and answer one request."""
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "24"  # warnings; read when the first stream is opened
    request = Request.from_json(sys.stdin.readline())
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_DEBUG)
    try:
        answer = probe_source(request)
    except (OSError, ValueError, cv2.error) as error:
        answer = {"cause": "failed", "detail": str(error)}
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
