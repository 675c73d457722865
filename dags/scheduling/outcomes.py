"""How a task that does its work without Airflow tells it that there was nothing to do, or that it may not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class NothingToDoError(LookupError):
    """Nothing is wrong, and nothing is to be done; the message says why. The task is skipped."""


class RefusedError(ValueError):
    """Trying again would not help; the message says what would. The task fails at once."""


@contextmanager
def told_to_airflow() -> Iterator[None]:
    """Turn both into Airflow's own words for them."""
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    try:
        yield
    except NothingToDoError as error:
        raise AirflowSkipException(str(error)) from error
    except RefusedError as error:
        raise AirflowFailException(str(error)) from error
