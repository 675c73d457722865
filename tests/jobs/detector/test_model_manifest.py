from __future__ import annotations

import json

import pytest

from jobs.detector.model_manifest import (
    Manifest,
    ModelFilesError,
    check_files,
    read_labels,
    read_manifest,
    write_manifest,
)

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "weights").write_text("abc")
    (tmp_path / "labels.txt").write_text("person\n\ncar\n")
    write_manifest(tmp_path, "test", 300, "by hand")
    return tmp_path


def test_the_manifest_lists_every_file_with_its_sha256_but_not_itself(folder):
    manifest = read_manifest(folder)
    assert (manifest.name, manifest.input_size, manifest.source, manifest.labels) == (
        "test",
        300,
        "by hand",
        "labels.txt",
    )
    assert (sorted(manifest.files), manifest.files["saved_model/weights"]) == (
        ["labels.txt", "saved_model/weights"],
        ABC,
    )


def test_labels_stand_on_the_line_of_their_class_and_unused_classes_are_empty(folder):
    assert read_labels(folder, read_manifest(folder)) == ["person", "", "car"]


def test_a_folder_without_manifest_says_how_to_get_one(tmp_path):
    with pytest.raises(ModelFilesError, match=r"model\.json is missing: run `make up`"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "x"}'])
def test_a_damaged_manifest_is_named_with_its_cure(tmp_path, text):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelFilesError, match=r"model\.json cannot be read .*: delete the folder"):
        read_manifest(tmp_path)


def test_files_as_converted_pass(folder):
    check_files(folder, read_manifest(folder), ["saved_model", "labels.txt"])


def test_a_changed_file_is_named_with_both_sums_and_the_cure(folder):
    (folder / "saved_model" / "weights").write_text("abd")
    with pytest.raises(ModelFilesError, match=rf"weights has SHA-256 \w+, .* says {ABC}: delete the folder"):
        check_files(folder, read_manifest(folder), ["saved_model"])


def test_a_missing_file_is_named(folder):
    (folder / "saved_model" / "weights").unlink()
    with pytest.raises(ModelFilesError, match="weights cannot be read"):
        check_files(folder, read_manifest(folder), ["saved_model"])


def test_a_file_the_manifest_does_not_know_is_refused(folder):
    (folder / "int8.tflite").write_text("abc")
    with pytest.raises(ModelFilesError, match=r"lists no int8\.tflite"):
        check_files(folder, read_manifest(folder), ["int8.tflite"])


def test_the_manifest_is_plain_json_with_the_agreed_names(folder):
    assert set(json.loads((folder / "model.json").read_text())) == {
        "name",
        "input_size",
        "source",
        "labels",
        "files",
    }
    assert isinstance(read_manifest(folder), Manifest)
