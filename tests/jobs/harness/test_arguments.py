from __future__ import annotations

import pytest

from jobs.harness.arguments import BatchArguments, scoped_parser
from lake.contracts.hours import Scope
from tests.conftest import at


def parse(*argv: str) -> BatchArguments:
    return BatchArguments.parse(scoped_parser("jobs.some_job", "Do something."), argv)


def test_hours_and_cameras_are_lists_set_apart_by_commas() -> None:
    told = parse("--hours", "2026-01-02T11:00:00Z,2026-01-02T10:00:00Z", "--cameras", "yard, door")
    assert told.scope == Scope((at("10:00"), at("11:00")), ("door", "yard"))
    assert told.dry_run is False


def test_no_camera_means_all_and_a_run_has_a_name_of_its_own() -> None:
    told = [parse("--hours", "2026-01-02T11:00:00Z", "--cameras", "") for _ in range(2)]
    assert [one.scope.cameras for one in told] == [None, None]
    assert told[0].run_id != told[1].run_id


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        ((), "--hours"),
        (("--hours", ""), "no hour is named"),
        (("--hours", "2026-01-02T11:30:00Z"), "not the start of an hour; write 2026-01-02T11:00:00Z"),
        (("--hours", "2026-01-02T11:00:00Z", "--cameras", "../x"), "camera id '../x'"),
        (("--hours", "2026-01-02T11:00:00Z", "--run-id", "a\nb"), "names no run"),
        (("--hours", "2026-01-02T11:00:00Z", "--dry"), "unrecognized"),
    ],
)
def test_a_slip_ends_the_program_with_the_reason(
    argv: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(*argv)
    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
