"""Causes why a source gives no picture, and their cures. Pure functions."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

PHONE: Final = (
    "a phone as a camera: an app that streams over HTTP or RTSP (such as IP Webcam), then"
    " --source http://PHONE:8080/video"
)
NO_CAMERA: Final = (
    "No camera was found. Without one: the demo clip (./pycturestream camera add demo --source demo);"
    f" {PHONE}; an IP camera (--source rtsp://…); or a video file (--source film.mp4)."
)


class Machine(StrEnum):
    """Kinds of machines on which cameras behave differently."""

    LINUX = "linux"
    WSL = "wsl"
    MACOS = "macos"


def machine_of(platform: str, proc_version: str) -> Machine:
    """Return the kind of machine.

    Args:
        platform: value of `sys.platform`.
        proc_version: content of `/proc/version`, empty where there is none.

    >>> machine_of("linux", "Linux version 5.15.153.1-microsoft-standard-WSL2 (root@x)").value
    'wsl'
    """
    if platform == "darwin":
        return Machine.MACOS
    return Machine.WSL if "microsoft" in proc_version.lower() else Machine.LINUX


class Cause(StrEnum):
    """Cause of a missing picture."""

    NOT_CONNECTED = "not_connected"
    DENIED = "denied"
    BUSY = "busy"
    UNOPENED = "unopened"
    NO_PICTURE = "no_picture"
    HANGS = "hangs"
    CRASHED = "crashed"
    FAILED = "failed"
    NO_FILE = "no_file"
    NO_VIDEO = "no_video"
    NO_STREAM = "no_stream"
    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"
    NO_SUCH_STREAM = "no_such_stream"
    UNREACHABLE = "unreachable"


CAUSE_PATTERNS: Final = (
    (r"Device or resource busy|errno=EBUSY|errno=16\b", Cause.BUSY),
    ("401 Unauthorized|403 Forbidden", Cause.UNAUTHORIZED),
    ("404 Not Found|404 Stream Not Found", Cause.NO_SUCH_STREAM),
    (r"Connection refused", Cause.REFUSED),
    (
        r"Failed to resolve|Name or service not known|nodename nor servname|No route to host"
        r"|Network is unreachable|[Tt]imed out",
        Cause.UNREACHABLE,
    ),
)
"""Patterns in the output of OpenCV, FFmpeg and the system → cause. Nothing else of that output is used, since
it may hold passwords."""

REASONS_AND_HINTS: Final = {
    Cause.NOT_CONNECTED: (
        "not found",
        "nothing is connected there, or the index is not correct: plug it in, or try another index",
    ),
    Cause.DENIED: (
        "your user may not open it",
        "run: sudo usermod -aG video $USER, then log out and in again (devices belong to the group video)",
    ),
    Cause.BUSY: (
        "in use by another program (Device or resource busy)",
        "close the other program; the running agent holds its cameras too (./pycturestream camera list)",
    ),
    Cause.UNOPENED: (
        "there, but cannot be opened as a camera",
        "many webcams have a second device that gives no pictures: try the next index",
    ),
    Cause.NO_PICTURE: (
        "opens, but gives no picture",
        "unplug it and plug it in again; or it is in use by another program (Device or resource busy)",
    ),
    Cause.HANGS: ("gives no answer in time", "unplug it, or check its network; --seconds waits longer"),
    Cause.CRASHED: ("its driver crashed", "unplug it and plug it in again; try another cable or port"),
    Cause.FAILED: ("failed", "free the disk or choose another folder by --output"),
    Cause.NO_FILE: ("no such file", "check the path"),
    Cause.NO_VIDEO: ("no video that can be read", "try another file"),
    Cause.NO_STREAM: ("gives no stream that can be read", "try the address in a player, such as VLC"),
    Cause.REFUSED: ("nothing listens there (Connection refused)", "check port, and that it is switched on"),
    Cause.UNAUTHORIZED: (
        "refuses user or password",
        "write them into the address: rtsp://USER:PASSWORD@HOST/…",
    ),
    Cause.NO_SUCH_STREAM: ("has no such stream (404)", "check the path behind the host in the address"),
    Cause.UNREACHABLE: (
        "does not answer",
        "check the host's name, its network, and that it is switched on",
    ),
}
"""Cause → the reason in words, and a hint."""
MACHINE_HINTS: Final = {
    (Machine.WSL, Cause.NOT_CONNECTED): f"WSL hands no webcam to Linux by itself: use {PHONE}; or usbipd-win",
    (Machine.MACOS, Cause.NOT_CONNECTED): (
        "plug it in, or try another index; and allow the camera: in System Settings > Privacy & Security >"
        " Camera switch your terminal on, then start the terminal anew"
    ),
}
"""Hints that differ on some machines."""


def cause_from(output: str, default: Cause) -> Cause:
    """Return the cause that matches the output of OpenCV, FFmpeg or the system.

    >>> cause_from("[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized", Cause.UNOPENED).value
    'unauthorized'
    """
    return next((cause for pattern, cause in CAUSE_PATTERNS if re.search(pattern, output)), default)


def reason(cause: Cause) -> str:
    """Return in words why there is no picture."""
    return REASONS_AND_HINTS[cause][0]


def hint(cause: Cause, machine: Machine) -> str:
    """Return what to do about the cause on this machine."""
    return MACHINE_HINTS.get((machine, cause), REASONS_AND_HINTS[cause][1])
