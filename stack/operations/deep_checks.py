"""Slow checks of `doctor`, in processes: Spark with Kafka and Delta, and the model."""

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
    """Count words through a scratch topic and a scratch table; without a broker only the latter."""
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
    """Yield one finding for each step, as it ends."""
    log = installation.log("doctor-spark")
    steps = [step for step in STEPS if topic or step != "kafka"]
    options = ["--topic", topic] if topic else []
    command = [*_submit(installation, "maintenance/check_spark"), folder, SENTENCE, *options]
    for answer in json_lines(command, env, log, SPARK_TIMEOUT_S):
        steps.remove(answer["step"])
        yield judge_count(answer, log)
    yield from (judge_count({"step": step, "error": last_error(log)}, log) for step in steps)


def _submit(installation: Installation, job: str) -> list[str]:
    """Return the spark-submit command, as Airflow's tasks use it."""
    submit = str(Path(sysconfig.get_path("scripts")) / "spark-submit")
    return [submit, "--master", "local[1]", str(installation.root / "jobs" / f"{job}.py")]


def judge_count(answer: Mapping[str, Any], log: Path) -> Finding:
    """Check the counts of one step."""
    name, expected = STEPS[answer["step"]], Counter(SENTENCE.split())
    if answer.get("words") == expected:
        return Finding(name, True, f"{expected.total()} words went there and back, each counted right")
    problem = (
        f"counted {answer['words']}, not {dict(expected)}" if "words" in answer else str(answer["error"])
    )
    return Finding(
        name, False, problem, f"make provision (it fetches broken jars again); the whole log: {log}"
    )


def try_model(installation: Installation) -> Finding:
    """Check the model's files, and its detections on a known picture."""
    log = installation.log("doctor-model")
    command = [sys.executable, "-P", "-m", "jobs.detector.check_model"]
    answers = list(json_lines(command, child_environment(installation), log, MODEL_TIMEOUT_S))
    if not answers:
        return Finding("model", False, last_error(log), f"make up; the whole log: {log}")
    answer = answers[0]
    objects = ", ".join(f"{count} {label}" for label, count in sorted(answer["objects"].items()))
    model = f"{answer['model']} by {answer['engine']}: {answer['files']} files by SHA-256"
    detail = f"{model}; sees {objects}, as it should"
    return Finding("model", True, detail)
