"""Arguments of the evaluation job from the form of `evaluate_models`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dags.scheduling.outcomes import RefusedError


def evaluation_arguments(form: Mapping[str, Any]) -> list[str]:
    """Return the form as command line arguments of the job.

    Raises:
        RefusedError: the folder is not there.
    """
    folder, threshold = form.get("pictures"), form.get("threshold")
    if folder and not Path(folder).expanduser().is_dir():
        raise RefusedError(f"{folder} is no folder on this machine: name one that holds pictures")
    least = [] if threshold is None else ["--threshold", f"{threshold:g}"]
    return [*(form.get("models") or ()), *([folder] if folder else ["--demo"]), *least]
