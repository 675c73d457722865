from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.harness import process as batch_process
from jobs.harness.process import lower_priority, run_job
from lake.contracts.hours import HourError

ROOT = Path(__file__).parents[3]
PRIORITY = """
import os
from jobs.harness.process import lower_priority
lower_priority()
lower_priority()
print(os.nice(0))
"""


def test_a_batch_program_runs_at_the_lowest_priority() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PRIORITY], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "19\n"


@pytest.mark.parametrize(("leader", "weight"), [(os.getpid(), "19"), (1, "0")], ids=["own", "of another"])
def test_only_a_session_of_its_own_is_weighed_less(
    leader: int, weight: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    group = tmp_path / "autogroup"
    group.write_text("0")
    monkeypatch.setattr(batch_process, "AUTOGROUP", group)
    monkeypatch.setattr("os.nice", lambda _by: 19)
    monkeypatch.setattr("os.getsid", lambda _pid: leader)
    lower_priority()
    assert group.read_text() == weight


class OwnError(RuntimeError):
    """A reason of the program's own."""


@pytest.mark.parametrize("error", [HourError("no such hour"), OwnError("no such hour")])
def test_an_expected_error_is_one_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(batch_process, "lower_priority", lambda: None)

    def job() -> int:
        raise error

    assert run_job({}, job, (OwnError,)) == 1
    assert [record.message for record in caplog.records] == ["no such hour"]


def test_any_other_error_is_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_process, "lower_priority", lambda: None)
    with pytest.raises(ZeroDivisionError):
        run_job({}, lambda: 1 // 0)
