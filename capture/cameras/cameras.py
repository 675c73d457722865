"""The list of cameras: its entries, their validation, and reading it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from capture.cameras import registration
from capture.cameras.redaction import redact
from capture.cameras.registration import Description, RegistrationError
from capture.cameras.settings import CaptureSettings
from capture.pictures.motion import KEYS as MOTION_KEYS
from capture.pictures.motion import MotionRule, MotionRuleError, motion_rule
from capture.pictures.privacy_masks import Mask, MaskError, masks_from
from lake.contracts.wire_format import MalformedFrameError, check_camera_id

KEYS: Final = ("id", "source", "interval", "fps", "loop", "width", "height", "quality", "enabled",
               "longest_side", "masks", *MOTION_KEYS)  # fmt: skip
SCHEMES: Final = ("rtsp", "rtsps", "http", "https")
DEMO: Final = "demo"
PATTERN: Final = "test"
GENERATED: Final = (PATTERN,)
"""Names of sources that generate their pictures and never end; `sources.factory` maps them to classes."""
KNOWN_KEYS: Final = (*KEYS, *registration.KEYS)


class CameraError(ValueError):
    """An entry that cannot be used; the message names the camera, the value and the cure."""


@dataclass(frozen=True, slots=True)
class Camera:
    """One entry of the list, complete.

    Attributes:
        id: names the camera in topics, tables and folders.
        source: `demo`, `test`, the index of a device, the address of a stream, or the path of a video file
            or of a folder of pictures.
        interval: seconds between two pictures; 0: every one of a file or folder, as fast as they can be sent.
        loop: begin a file or folder anew at its end.
        width, height: pixels asked of a device.
        quality: of the JPEG, 1..100.
        enabled: switched on.
        longest_side: pixels; a larger picture is made smaller before it is sent. None sends it as it is.
        masks: parts of the picture that nobody may see.
        motion: send only pictures on which something moved, by this rule; None sends all.
        about: name, place and time zone.
    """

    id: str
    source: str
    interval: float
    loop: bool
    width: int
    height: int
    quality: int
    enabled: bool = True
    longest_side: int | None = None
    masks: tuple[Mask, ...] = ()
    motion: MotionRule | None = None
    about: Description = field(default_factory=Description)

    def __post_init__(self) -> None:
        """Validate the values."""
        try:
            check_camera_id(self.id)
        except MalformedFrameError as error:
            raise CameraError(str(error)) from error
        if not self.source:
            raise CameraError(
                f"camera {self.id!r} has an empty source; give demo, 0, a file or an rtsp:// URL"
            )
        scheme, has_scheme, _ = self.source.partition("://")
        if has_scheme and scheme.lower() not in SCHEMES:
            raise CameraError(
                f"camera {self.id!r}: source {redact(self.source)!r} must begin with one of "
                + ", ".join(f"{known}://" for known in SCHEMES)
            )
        if self.interval != 0:
            self._check("interval", 0.01, 86_400)
        elif self.is_live:
            raise CameraError(
                f"camera {self.id!r}: interval = 0, every picture, is for a file or folder that ends; "
                "give 0.01 or more seconds"
            )
        self._check("width", 16, 16_384)
        self._check("height", 16, 16_384)
        self._check("quality", 1, 100)
        if self.longest_side is not None:
            self._check("longest_side", 16, 16_384)

    def _check(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            raise CameraError(f"camera {self.id!r}: {name} = {value:g} must be from {low:g} to {high:g}")

    @property
    def is_stream(self) -> bool:
        """Return whether the source is an address."""
        return "://" in self.source

    @property
    def is_device(self) -> bool:
        """Return whether the source is the index of a device of this machine, such as a webcam."""
        return self.source.isdecimal()

    @property
    def is_generated(self) -> bool:
        """Return whether the source generates its pictures."""
        return self.source in GENERATED

    @property
    def is_live(self) -> bool:
        """Return whether the newest picture matters most; otherwise every picture is sent, as of a file."""
        return self.is_stream or self.is_device or self.is_generated or self.loop

    @property
    def registration(self) -> dict[str, Any]:
        """Description of the camera for status messages, without passwords."""
        return self.about.to_message(redact(self.source), enabled=self.enabled)


def _check_type(camera_id: object, name: str, value: object, kinds: tuple[type, ...], example: str) -> Any:
    """Return the value if its type is one of `kinds`; `bool` does not count as a number."""
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise CameraError(f"camera {camera_id!r}: {name} = {value!r} must be {example}")
    return value


def interval_of(camera_id: object, interval: float | None, fps: float | None, default: float) -> float:
    """Return the seconds between pictures, from an interval or from a rate.

    Raises:
        CameraError: both are given, or the rate is not positive.
    """
    if interval is not None and fps is not None:
        raise CameraError(
            f"camera {camera_id!r} has interval = {interval:g} and fps = {fps:g}; give one of them"
        )
    if fps is None:
        return default if interval is None else interval
    if not 0 < fps <= 100:
        raise CameraError(f"camera {camera_id!r}: fps = {fps:g} must be over 0 and at most 100")
    return 1 / fps


def camera_from(entry: Mapping[str, Any], defaults: CaptureSettings) -> Camera:
    """Parse one `[[camera]]` entry.

    Raises:
        CameraError: a key is unknown or missing, or a value cannot be used.
    """
    name = entry.get("id")
    for key in entry:
        if key not in KNOWN_KEYS:
            raise CameraError(f"camera {name!r}: unknown key {key!r}; known are {', '.join(KNOWN_KEYS)}")
    if not isinstance(name, str):
        raise CameraError(f"a [[camera]] entry has id = {name!r}; give it a name such as id = 'door'")
    source = _check_type(
        name, "source", entry.get("source", ""), (str, int), "demo, 0, a file or an rtsp:// URL"
    )
    numbers = {
        key: _check_type(name, key, entry[key], (int, float), "a number")
        for key in ("interval", "fps")
        if key in entry
    }
    sizes = {
        key: _check_type(name, key, entry.get(key, getattr(defaults, key)), (int,), "a whole number")
        for key in ("width", "height", "quality")
    }
    switches = {
        key: _check_type(name, key, entry.get(key, default), (bool,), "true or false")
        for key, default in (("loop", source == DEMO), ("enabled", True))
    }
    interval = interval_of(name, numbers.get("interval"), numbers.get("fps"), defaults.interval)
    extras = {**_read_picture_settings(name, entry), "about": _read_description(name, entry)}
    return Camera(name, str(source), float(interval), **sizes, **switches, **extras)


def _read_picture_settings(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Read how pictures are reduced before they are sent: size, privacy masks and motion rule."""
    side = _check_type(name, "longest_side", entry.get("longest_side"), (int, type(None)), "a whole number")
    try:
        return {
            "longest_side": side,
            "masks": masks_from(entry.get("masks", [])),
            "motion": motion_rule(entry),
        }
    except (MaskError, MotionRuleError) as error:
        raise CameraError(f"camera {name!r}: {error}") from error


def _read_description(camera_id: str, entry: Mapping[str, Any]) -> Description:
    try:
        return Description.read(entry)
    except RegistrationError as error:
        raise CameraError(f"camera {camera_id!r}: {error}") from error


def cameras_from(content: str, defaults: CaptureSettings) -> list[Camera]:
    """Parse the content of a list; return its cameras in their order.

    Raises:
        CameraError: it is no TOML, an entry cannot be used, or two have the same id.
    """
    try:
        document = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise CameraError(f"not valid TOML: {error}") from error
    entries = document.get("camera", [])
    if not isinstance(entries, list) or set(document) - {"camera"}:
        raise CameraError(f"found {', '.join(document)}; the file holds only [[camera]] entries")
    cameras = [camera_from(entry, defaults) for entry in entries]
    ids = [camera.id for camera in cameras]
    for camera_id in ids:
        if ids.count(camera_id) > 1:
            raise CameraError(f"camera {camera_id!r} is listed twice; rename or remove one of the two")
    return cameras


def read_cameras(path: Path, defaults: CaptureSettings) -> list[Camera]:
    """Read the cameras of the file.

    Raises:
        CameraError: see `cameras_from`; also when the file is unreadable.
    """
    try:
        return cameras_from(path.read_text(encoding="utf-8"), defaults)
    except CameraError as error:
        raise CameraError(f"{path}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CameraError(
            f"{path} cannot be read ({error}); check that it is a readable text file"
        ) from error


def with_absolute_source(camera: Camera) -> Camera:
    """Return the camera with an absolute path, so that it means the same from every folder."""
    if camera.source == DEMO or camera.is_generated or camera.is_device or camera.is_stream:
        return camera
    return replace(camera, source=str(Path(camera.source).expanduser().absolute()))
