"""Which frames of a micro-batch are analysed: the policies of the speed layer, on metadata alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from lake.contracts import MAX_PICTURE_BYTES, Status
from lake.settings import Settings, choice, number

NEWEST, ALL = "newest", "all"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the speed layer may skip.

    Attributes:
        name: `newest` analyses the newest frame per camera of a batch, `all` every frame, however old.
        stale_after: frames observed longer than this before the batch are skipped under `newest`.
    """

    name: str = NEWEST
    stale_after: timedelta = timedelta(seconds=5)

    @classmethod
    def from_env(cls, env: Mapping[str, str], _settings: Settings) -> Self:
        """Read `PYCTURESTREAM_POLICY` and `PYCTURESTREAM_STALE_AFTER_SECONDS`."""
        seconds = number(env, "STALE_AFTER_SECONDS", 5, 0.1, 86_400)
        return cls(choice(env, "POLICY", NEWEST, (NEWEST, ALL)), timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record as the policy sees it; times are UTC, `bytes` the length of its value.

    `problem` is why its metadata cannot be used, None when they can. `camera_id` is then set. `legacy`
    says that a client of the first version sent it, whose readers expect a picture with every result.
    """

    partition: int
    offset: int
    camera_id: str | None
    observed_at: datetime
    problem: str | None
    bytes: int
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a record before its picture is looked at.

    Attributes:
        status: None when the frame shall be analysed, else its final status.
        reason: why not, as a sentence.
        picture: whether its result shall carry the annotated picture.
    """

    status: Status | None = None
    reason: str | None = None
    picture: bool = False


def choose_frames(arrivals: Iterable[Arrival], batch_at: datetime, policy: Policy) -> list[Verdict]:
    """One verdict per arrival, in their order.

    Args:
        arrivals: all records of one micro-batch.
        batch_at: the time Spark stored for the batch, so that a replayed batch decides alike.
        policy: what may be skipped.
    """
    arrivals = list(arrivals)
    refused = [_refusal(arrival) or _staleness(arrival, batch_at, policy) for arrival in arrivals]
    newest = _newest_per_camera(arrival for arrival, no in zip(arrivals, refused, strict=True) if no is None)
    return [no or _rank(arrival, newest, policy) for arrival, no in zip(arrivals, refused, strict=True)]


def _refusal(arrival: Arrival) -> Verdict | None:
    if arrival.problem is not None:
        return Verdict(Status.MALFORMED, arrival.problem)
    # Base64 makes an old client's message a third longer than its picture: judged when it is decoded.
    if arrival.bytes > MAX_PICTURE_BYTES * 3 // 2:
        return Verdict(Status.TOO_LARGE, f"{arrival.bytes} bytes; at most {MAX_PICTURE_BYTES} are accepted")
    return None


def _staleness(arrival: Arrival, batch_at: datetime, policy: Policy) -> Verdict | None:
    age = batch_at - arrival.observed_at
    if policy.name == ALL or age <= policy.stale_after:
        return None
    return Verdict(
        Status.SKIPPED_STALE,
        f"{age.total_seconds():.1f} s old; limit {policy.stale_after.total_seconds():g} s",
    )


def _newest_per_camera(arrivals: Iterable[Arrival]) -> dict[str | None, Arrival]:
    newest: dict[str | None, Arrival] = {}
    for arrival in arrivals:
        best = newest.setdefault(arrival.camera_id, arrival)
        newest[arrival.camera_id] = max(best, arrival, key=lambda a: (a.observed_at, a.offset, a.partition))
    return newest


def _rank(arrival: Arrival, newest: Mapping[str | None, Arrival], policy: Policy) -> Verdict:
    if arrival is newest[arrival.camera_id]:
        return Verdict(picture=True)
    if policy.name == ALL:
        return Verdict(picture=arrival.legacy)
    return Verdict(Status.SKIPPED_SUPERSEDED, "a newer frame of the camera came in the same batch")
