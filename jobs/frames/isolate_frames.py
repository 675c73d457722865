"""Analyse each frame alone in a child process: the last resort for a batch that kills its workers."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import TimeoutError as NoAnswerError
from multiprocessing import get_context

from pebble import ProcessExpired, ProcessPool

from jobs.detector.model_manifest import ModelFilesError
from jobs.frames.analyse_frames import Analysis, Clock, Frame, analyse
from jobs.frames.outcome_messages import Message, StageTimes, outcome
from lake.contracts.wire_format import Status

FRAME_TIMEOUT_S = 60.0
"""Seconds that one frame may take; loading the slowest engine takes 13."""

WORKER_DIED = ("Python worker", "PythonException", "PYTHON_WORKER", "PYTHON_EXCEPTION")
"""Words in Spark's errors about a task whose worker ended, or raised."""

log = logging.getLogger(__name__)


def killed_its_worker(error: Exception) -> bool:
    """Return whether a frame may have caused the error: not where a model did not arrive."""
    message = str(error)
    return any(sign in message for sign in WORKER_DIED) and ModelFilesError.__name__ not in message


def analyse_one_by_one(frames: Iterable[Frame], analysis: Analysis, now: Clock) -> list[Message]:
    """Return one message per frame; a frame that ends its process, or hangs it, is `failed`.

    The pool replaces a child that died and kills one that does not answer.
    """
    with ProcessPool(max_workers=1, context=get_context("spawn")) as pool:
        return [_analyse_alone(pool, frame, analysis, now) for frame in frames]


def _analyse_alone(pool: ProcessPool, frame: Frame, analysis: Analysis, now: Clock) -> Message:
    started_at = now()
    try:
        message: Message = pool.schedule(
            _analyse, args=[frame, analysis, now], timeout=FRAME_TIMEOUT_S
        ).result()
        return message
    except ProcessExpired as error:
        reason = f"the frame ended its process with exit code {error.exitcode}"
    except NoAnswerError:
        reason = f"no answer within {FRAME_TIMEOUT_S:g} s"
    log.error("frame %s failed: %s", frame["frame_id"], reason)
    stages = StageTimes(analysis.batch_at, started_at, now())
    return outcome(frame, Status.FAILED, reason, analysis.run, stages)


def _analyse(frame: Frame, analysis: Analysis, now: Clock) -> Message:
    """Analyse one frame, in the child process."""
    return analyse([frame], analysis, now)[0]
