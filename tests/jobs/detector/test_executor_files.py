"""What goes to executors, and how a worker makes sure that it is what was sent."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs.detector import executor_files as ship_detector
from jobs.detector.detector import DetectorSettings
from jobs.detector.executor_files import code_files, describe_shipment, find_shipped_model, model_files, pack
from jobs.detector.model_manifest import MANIFEST, ModelFilesError, write_manifest
from jobs.frames.isolate_frames import killed_its_worker
from lake.storage.files import sha256_of

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
ABD = "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "driver" / "model"
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model" / "weights").write_text("abc")
    (folder / "labels.txt").write_text("person\n")
    write_manifest(folder, "test", 300, "by hand")
    return folder


@pytest.fixture
def shipped(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectorSettings:
    """As in a worker to which Spark brought and unpacked the model."""
    shipment = describe_shipment(model)
    with zipfile.ZipFile(pack(model_files(model), tmp_path / "shipped", "model")) as archive:
        archive.extractall(tmp_path / "executor" / shipment.name)
    monkeypatch.setattr(ship_detector.SparkFiles, "get", lambda name: str(tmp_path / "executor" / name))
    monkeypatch.setattr(ship_detector.TaskContext, "get", lambda: SimpleNamespace())
    monkeypatch.setattr(ship_detector.socket, "gethostname", lambda: "node7")
    return DetectorSettings("tensorflow", model, shipment=shipment)


def test_a_worker_takes_the_folder_that_spark_brought_and_nothing_else_changes(
    shipped: DetectorSettings, tmp_path: Path
) -> None:
    assert shipped.shipment is not None
    assert find_shipped_model(shipped) == replace(
        shipped, model=tmp_path / "executor" / shipped.shipment.name
    )


def test_a_file_that_changed_on_its_way_is_named_with_both_sums_and_the_machine(
    shipped: DetectorSettings,
) -> None:
    folder = find_shipped_model(shipped).model
    (folder / "saved_model" / "weights").write_text("abd")
    with pytest.raises(ModelFilesError) as caught:
        find_shipped_model(shipped)
    assert str(caught.value) == (
        f"{folder}/saved_model/weights has SHA-256 {ABD}, model.json says {ABC}: it did not arrive on node7"
        " as the driver has it; see whether that disk is full, and delete run/shipped in the driver's data"
        " folder, which is packed anew"
    )


def test_another_model_whose_own_manifest_fits_is_not_taken_for_the_one_sent(
    shipped: DetectorSettings,
) -> None:
    folder, sent = find_shipped_model(shipped).model, sha256_of(shipped.model / MANIFEST)
    (folder / "labels.txt").write_text("cat\n")
    write_manifest(folder, "test", 300, "by hand")
    with pytest.raises(
        ModelFilesError, match=rf"model.json has SHA-256 \w+, the driver says {sent}: .* node7"
    ):
        find_shipped_model(shipped)


def test_a_file_that_did_not_arrive_is_named(shipped: DetectorSettings) -> None:
    (find_shipped_model(shipped).model / "labels.txt").unlink()
    with pytest.raises(ModelFilesError, match=r"labels.txt cannot be read .*: it did not arrive on node7"):
        find_shipped_model(shipped)


def test_outside_a_task_the_folder_on_this_machine_is_used(
    shipped: DetectorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ship_detector.TaskContext, "get", lambda: None)
    assert find_shipped_model(shipped) == shipped


def test_nothing_is_shipped_where_this_process_is_the_executor(model: Path, tmp_path: Path) -> None:
    here = DetectorSettings("litert", model)
    context = SimpleNamespace(master="local[4,2]")
    assert ship_detector.ship_detector(context, here, tmp_path / "shipped") is here
    assert not (tmp_path / "shipped").exists()


def test_the_code_is_all_that_a_worker_imports_and_nothing_of_other_programs(tmp_path: Path) -> None:
    for name in ("jobs/a.py", "jobs/deep/b.py", "lake/c.py", "stack/d.py", "jobs/e.pyc", "tests/f.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with zipfile.ZipFile(pack(code_files(tmp_path), tmp_path / "shipped", "code")) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert found == {name: name for name in ("jobs/a.py", "jobs/deep/b.py", "lake/c.py")}


def test_an_archive_is_named_after_what_is_in_it_and_written_once(model: Path, tmp_path: Path) -> None:
    first = pack(model_files(model), tmp_path, "model")
    written = first.stat().st_mtime_ns, first.read_bytes()
    assert pack(model_files(model), tmp_path, "model") == first
    assert (first.stat().st_mtime_ns, first.read_bytes()) == written
    (model / "labels.txt").write_text("cat\n")
    assert pack(model_files(model), tmp_path, "model") != first


@pytest.mark.parametrize(
    ("said", "blamed"),
    [
        ("Job aborted: Python worker exited unexpectedly (crashed)", True),
        ("[PYTHON_WORKER_EXITED]", True),
        (
            "PythonException: jobs.detector.model_manifest.ModelFilesError: /w/anchors.npy has SHA-256 1",
            False,
        ),
        ("ExecutorLostFailure (executor 1 exited): Command exited with code 137", False),
    ],
)
def test_frames_are_blamed_for_a_dead_worker_and_not_for_a_model_that_did_not_arrive(
    said: str, blamed: bool
) -> None:
    assert killed_its_worker(RuntimeError(said)) is blamed
