"""Checks of `doctor` that try the real thing, in processes: Spark with Kafka and Delta, and the model."""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from stack.kafka.probe import ProbeError, scratch_topic
from stack.operations.findings import UP, Finding
from stack.programs.json_process import json_lines, last_error
from stack.programs.programs import child_environment, spark_environment
from stack.provision.java import JavaNotFoundError
from stack.site.installation import Installation

SENTENCE: Final = "frames come and frames go and answers stay"
SPARK_TIMEOUT_S: Final = 240.0
"""A busy machine took 90 s."""
MODEL_TIMEOUT_S: Final = 120.0
STEPS: Final = {
    "kafka": "Spark with Kafka",
    "delta": "Spark with Delta",
}
"""Step of `jobs/maintenance/check_spark.py` → name of its finding, in their order."""


def try_spark(installation: Installation) -> Iterator[Finding]:
    """A word count through a scratch topic and through a scratch table; without a broker only the latter."""
    data = installation.settings.data
    data.mkdir(parents=True, exist_ok=True)
    try:
        env = spark_environment(installation)
    except JavaNotFoundError as error:
        yield from (Finding(name, False, str(error), "make up") for name in STEPS.values())
        return
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=data) as folder, ExitStack() as topics:
        topic = None
        try:
            topic = topics.enter_context(scratch_topic(installation.settings.broker))
        except ProbeError as error:
            yield Finding(STEPS["kafka"], False, str(error), UP)
        yield from count_words(installation, env, folder, topic)


def count_words(
    installation: Installation, env: Mapping[str, str], folder: str, topic: str | None
) -> Iterator[Finding]:
    """One finding for each step, as it ends."""
    log = installation.log("doctor-spark")
    steps = [step for step in STEPS if topic or step != "kafka"]
    through = ["--topic", topic] if topic else []
    command = [*_submit(installation, "maintenance/check_spark"), folder, SENTENCE, *through]
    for answer in json_lines(command, env, log, SPARK_TIMEOUT_S):
        steps.remove(answer["step"])
        yield judge_count(answer, log)
    yield from (judge_count({"step": step, "error": last_error(log)}, log) for step in steps)


def _submit(installation: Installation, job: str) -> list[str]:
    """As Airflow's tasks start a batch program."""
    submit = str(Path(sysconfig.get_path("scripts")) / "spark-submit")
    return [submit, "--master", "local[1]", str(installation.root / "jobs" / f"{job}.py")]


def judge_count(answer: Mapping[str, Any], log: Path) -> Finding:
    """Whether one step counted right."""
    name, right = STEPS[answer["step"]], Counter(SENTENCE.split())
    if answer.get("words") == right:
        return Finding(name, True, f"{right.total()} words went there and back, each counted right")
    wrong = f"counted {answer['words']}, not {dict(right)}" if "words" in answer else str(answer["error"])
    return Finding(name, False, wrong, f"make provision (it fetches broken jars again); the whole log: {log}")


def try_model(installation: Installation) -> Finding:
    """The model is the right one, and sees what is on a known picture."""
    log = installation.log("doctor-model")
    command = [sys.executable, "-P", "-m", "jobs.detector.check_model"]
    found = list(json_lines(command, child_environment(installation), log, MODEL_TIMEOUT_S))
    if not found:
        return Finding("model", False, last_error(log), f"make up; the whole log: {log}")
    said = found[0]
    seen = ", ".join(f"{count} {label}" for label, count in sorted(said["objects"].items()))
    detail = (
        f"{said['model']} by {said['engine']}: {said['files']} files by SHA-256; sees {seen}, as it should"
    )
    return Finding("model", True, detail)
