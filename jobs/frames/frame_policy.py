"""Choose the frames of a micro-batch to analyse: policies of the speed layer, on metadata alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from lake.config.settings import Settings, number, text
from lake.contracts.wire_format import LEGACY, MAX_PICTURE_BYTES, Status

NEWEST, ALL = "newest", "all"

Frame = Mapping[str, Any]
"""A record with its METADATA."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rule for the frames that the speed layer may skip.

    Attributes:
        name: `newest` analyses the newest frame per camera of a batch, `all` every frame, however old.
        stale_after: frames observed longer than this before the batch are skipped under `newest`.
    """

    name: str = NEWEST
    stale_after: timedelta = timedelta(seconds=5)

    @classmethod
    def from_env(cls, env: Mapping[str, str], _settings: Settings) -> Self:
        """Read `PYCTURESTREAM_POLICY` and `PYCTURESTREAM_STALE_AFTER_SECONDS`."""
        seconds = number(env, "STALE_AFTER_SECONDS")
        return cls(text(env, "POLICY"), timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Decision about a record before its picture is decoded.

    Attributes:
        status: None when the frame shall be analysed, else its final status.
        reason: why it is not analysed, as a sentence.
        picture: whether its result shall carry the annotated picture.
    """

    status: Status | None = None
    reason: str | None = None
    picture: bool = False


def choose_frames(
    frames: Iterable[Frame], batch_at: datetime, policy: Policy
) -> Iterator[tuple[Frame, Verdict]]:
    """Yield each frame with its verdict as soon as that is final, so that few are in memory at once.

    A camera's newest frame so far is held back until a newer one comes, or the end.

    Args:
        frames: the records of one partition of a micro-batch, where all of a camera are.
        batch_at: the time Spark stored for the batch, so that a replayed batch gives the same verdicts.
        policy: what may be skipped.
    """
    newest: dict[str, Frame] = {}
    for frame in frames:
        verdict = _check_record(frame) or _check_age(frame, batch_at, policy)
        if verdict is not None:
            yield frame, verdict
            continue
        best = newest.setdefault(frame["camera_id"], frame)
        if best is not frame:
            older, newest[frame["camera_id"]] = sorted((best, frame), key=_age)
            yield older, _judge_older(older, policy)
    for frame in newest.values():
        yield frame, Verdict(picture=True)


def _check_record(frame: Frame) -> Verdict | None:
    if frame["problem"] is not None:
        return Verdict(Status.MALFORMED, frame["problem"])
    # Base64 makes an old client's message a third longer than its picture: judged when it is decoded.
    if frame["bytes"] > MAX_PICTURE_BYTES * 3 // 2:
        return Verdict(Status.TOO_LARGE, f"{frame['bytes']} bytes; at most {MAX_PICTURE_BYTES} are accepted")
    return None


def _check_age(frame: Frame, batch_at: datetime, policy: Policy) -> Verdict | None:
    age = batch_at - frame["observed_at"]
    if policy.name == ALL or age <= policy.stale_after:
        return None
    return Verdict(
        Status.SKIPPED_STALE,
        f"{age.total_seconds():.1f} s old; limit {policy.stale_after.total_seconds():g} s",
    )


def _age(frame: Frame) -> tuple[datetime, int, int]:
    return frame["observed_at"], frame["offset"], frame["partition"]


def _judge_older(frame: Frame, policy: Policy) -> Verdict:
    """Return the verdict on an older frame; first-version readers expect a picture with each of theirs."""
    if policy.name == ALL:
        return Verdict(picture=frame["format"] == LEGACY)
    return Verdict(Status.SKIPPED_SUPERSEDED, "a newer frame of the camera came in the same batch")
