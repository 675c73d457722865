"""The command, as `pycturestream evaluate` hands over to it."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs.evaluation.evaluate_models import ReportNotWrittenError, main, report_file, write_report
from lake.config.settings import PREFIX, Settings
from tests.conftest import at


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    home = Settings.from_env(os.environ).home
    return {PREFIX + "DATA": str(tmp_path / "data"), PREFIX + "HOME": str(home)}


@pytest.fixture(autouse=True)
def keep_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.harness.process.lower_priority", lambda: None)


@pytest.mark.model
def test_a_model_on_demo_frames_and_a_broken_picture_makes_a_page(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (broken := tmp_path / "broken.jpg").write_bytes(b"GIF89a")
    page = tmp_path / "pages" / "page.html"
    words = ["coco-ssd:litert-int8", str(broken), "--demo", "--no-store", "--output", str(page)]
    assert main(words, env) == 0
    told = capsys.readouterr().out
    assert ("[1/1] coco-ssd:litert-int8" in told, "broken.jpg, coco-ssd:litert-int8: 6 bytes" in told) == (
        True,
        True,
    )
    assert told.endswith(f"wrote {page}\n")
    text = page.read_text()
    assert (text.count("<figure>"), text.count('src="data:image/jpeg;base64,')) == (7, 6)
    assert (list(page.parent.iterdir()), (tmp_path / "data").exists()) == ([page], False)


@pytest.mark.model
def test_a_dry_run_names_models_and_pictures_and_writes_nothing(
    env: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 4, 3), np.uint8))
    assert main(["coco-ssd", str(tmp_path), "--dry-run"], env) == 0
    assert capsys.readouterr().out.split() == [
        "models:",
        *(f"coco-ssd:{engine}" for engine in ("litert-float32", "litert-int8", "tensorflow")),
        "pictures:",
        str(tmp_path / "a.png"),
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.model
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["yolo", "--demo"], "'yolo' is no model, picture or folder; models are coco-ssd, "),
        (["coco-ssd"], "no pictures to look at: name files or a folder, or give --demo"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_1(
    env: dict[str, str], caplog: pytest.LogCaptureFixture, words: list[str], sentence: str
) -> None:
    assert main(words, env) == 1
    assert [record.message.startswith(sentence) for record in caplog.records] == [True]


@pytest.mark.parametrize("threshold", ["0.1", "1.5", "high"])
def test_a_threshold_without_a_meaning_ends_with_2(
    env: dict[str, str], capsys: pytest.CaptureFixture[str], threshold: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--demo", "--threshold", threshold], env)
    assert ended.value.code == 2
    assert f"invalid score value: '{threshold}'" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        ReportNotWrittenError, match=r"page\.html cannot be written \(.+\): name another --output"
    ):
        write_report(tmp_path / "file" / "page.html", "")


def test_a_report_is_named_by_its_moment_and_run_whatever_the_run_is_called() -> None:
    name = report_file(Path("/data"), "manual__2026-01-02T11:00:00+00:00 ../x", at("11:00:30"))
    assert name == Path("/data/evaluations/20260102T110030Z-manual__2026-01-02T11-00-00-00-00-x.html")
