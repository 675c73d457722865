"""Operator that submits a batch program to Spark."""

from __future__ import annotations

import logging
import os
import re
from datetime import timedelta
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from dags.scheduling.defaults import SPARK_CONNECTION, SPARK_POOL
from lake.config.settings import PROJECT_ROOT

LOWEST_PRIORITY = 19


class LastError(logging.Handler):
    """Log handler that keeps the job's last error, since its exit status does not say what failed."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Look for an error in one line of the job's output."""
        if match := re.search(r"Z ERROR (.+)|^(?:\w+\.)*\w+Error: (.+)", record.getMessage()):
            self.sentence = match[1] or match[2]


class SparkJob(SparkSubmitOperator):
    """Run `jobs/<job>.py` at the lowest priority, one at a time.

    Args:
        job: the program below `jobs`, for example `hours/count_objects`.
        plan: what an earlier task decided, templated: `arguments` of the program and, where this task has
            nothing to do, under its id the sentence that says why.
        minutes: after so many the job is ended.
    """

    template_fields = (*SparkSubmitOperator.template_fields, "plan")

    def __init__(self, *, job: str, plan: Any, minutes: int = 60, **more: Any) -> None:
        super().__init__(
            application=str(PROJECT_ROOT / "jobs" / f"{job}.py"),
            name=f"{job.rpartition('/')[2]} {{{{ run_id }}}}",
            conn_id=SPARK_CONNECTION,
            pool=SPARK_POOL,
            execution_timeout=timedelta(minutes=minutes),
            **more,
        )
        self.plan = plan

    def execute(self, context: Any) -> None:
        """Submit the job and wait until it ends.

        Raises:
            AirflowSkipException: the plan says that there is nothing to do.
            AirflowFailException: there is no plan; without one a job must not start.
            AirflowException: the job failed; the message is the job's own.
        """
        if why_not := self._decided().get(self.task_id):
            raise AirflowSkipException(why_not)
        self.application_args = [*self._decided()["arguments"], "--run-id", context["run_id"]]
        os.nice(LOWEST_PRIORITY)
        last = LastError()
        logging.getLogger().addHandler(last)
        try:
            super().execute(context)
        except AirflowException as error:
            raise AirflowException(last.sentence or _without_output(str(error))) from error
        finally:
            logging.getLogger().removeHandler(last)

    def _decided(self) -> dict[str, Any]:
        if not isinstance(self.plan, dict) or not any(self.plan.get("arguments", ())):
            raise AirflowFailException(
                f"{self.task_id} was told nothing to do ({self.plan!r}): clear the plan's task too"
            )
        return {**self.plan, "arguments": [argument for argument in self.plan["arguments"] if argument]}


def _without_output(message: str) -> str:
    """Return the exit status from a message that also holds the command and the job's output.

    >>> _without_output("Cannot execute: spark-submit x. Error code is: -9. Last spark-submit output: y")
    'the job ended without saying why, with status -9'
    """
    status = re.search(r"Error code is: (-?\d+)", message)
    return f"the job ended without saying why, with status {status[1]}" if status else message
