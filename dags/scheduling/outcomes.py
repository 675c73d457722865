"""Outcomes of a task that works without Airflow: nothing to do, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class NothingToDoError(LookupError):
    """Nothing is wrong, and there is nothing to do; the message says why. The task is skipped."""


class RefusedError(ValueError):
    """A retry would not help; the message says what would. The task fails at once."""


@contextmanager
def told_to_airflow() -> Iterator[None]:
    """Translate both into Airflow's own exceptions."""
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    try:
        yield
    except NothingToDoError as error:
        raise AirflowSkipException(str(error)) from error
    except RefusedError as error:
        raise AirflowFailException(str(error)) from error
