"""Filling the cache folder, with tools that need no network."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lake.config.settings import Settings
from stack.provision import provision as module
from stack.provision.artifacts import Artifact, Artifacts, Package
from stack.provision.downloads import ToolError
from stack.provision.fetching import Progress
from stack.provision.provision import ProvisionError, provision, verify


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def artifact(path: str, content: bytes, source: str = "") -> Artifact:
    return Artifact(path, len(content), sha256(content), source)


JAR = artifact("jars/kafka/one-1.jar", b"jar one", "org:one:1")
OTHER_JAR = artifact("jars/spark/two-2.jar", b"jar two", "org:two:2")
CLIP = artifact("clips/bikes.mp4", b"clip")
WEIGHTS = artifact("downloads/coco-ssd/model.json", b"weights")
ARTIFACTS = Artifacts(
    jars={"spark": (OTHER_JAR,), "kafka": (JAR,)},
    model=Package("model", "1", "m", artifact("downloads/model.tgz", b""), (WEIGHTS,)),
    clips=Package("clips", "1", "c", artifact("downloads/clips.whl", b""), (CLIP,)),
    converter=1,
)
SERVED = {"one-1.jar": b"jar one", "two-2.jar": b"jar two", "bikes.mp4": b"clip", "model.json": b"weights"}


class Registry:
    """Hands out files, and notes which were asked for."""

    def __init__(self) -> None:
        self.served = dict(SERVED)
        self.asked: list[str] = []
        self.offline = False
        self.before: Callable[[str], None] = lambda _name: None

    def fetch(self, files: Sequence[Artifact], folder: Path, progress: Progress) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            self.asked.append(file.name)
            self.before(file.name)
            if self.offline:
                raise ToolError("Temporary failure in name resolution")
            (folder / file.name).write_bytes(self.served[file.name])


class Converter:
    """Writes a model folder of one file, as the real one would."""

    def __init__(self) -> None:
        self.runs = 0
        self.fails = False

    def __call__(self, command: Sequence[str], *_: object) -> None:
        self.runs += 1
        if self.fails:
            raise ToolError("no TF.js graph model")
        target = Path(command[4])
        target.mkdir()
        (target / "labels.txt").write_bytes(b"person\n")
        (target / "model.json").write_text(json.dumps({"files": {"labels.txt": sha256(b"person\n")}}))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry()
    monkeypatch.setattr(module, "load_artifacts", lambda: ARTIFACTS)
    monkeypatch.setattr(module, "ivy_of", lambda _home: registry.fetch)
    monkeypatch.setattr(module, "unpacked", lambda _package, _download: registry.fetch)
    return registry


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Converter:
    converter = Converter()
    monkeypatch.setattr(module, "run_tool", converter)
    return converter


@pytest.fixture
def cache(tmp_path: Path, registry: Registry, converter: Converter) -> Settings:
    return Settings(home=tmp_path / "the cache", data=tmp_path / "data")


def fill(cache: Settings) -> list[str]:
    """Provision, and give back what was said."""
    said: list[str] = []
    provision(cache, said.append)
    return said


def test_an_empty_cache_is_filled_and_each_file_is_named(cache: Settings) -> None:
    assert fill(cache) == [
        f"fetching 0 MB (4 files) into {cache.home}",
        "  [1/4] model.json, 0.0 MB",
        "  [2/4] bikes.mp4, 0.0 MB",
        "  [3/4] two-2.jar, 0.0 MB",
        "  [4/4] one-1.jar, 0.0 MB",
        "converting the model (about a minute)",
    ]
    assert (cache.home / JAR.path).read_bytes() == b"jar one"
    assert (cache.models / "coco-ssd" / "labels.txt").read_bytes() == b"person\n"
    assert verify(cache) == []


def test_a_full_cache_asks_for_nothing_and_says_nothing(cache: Settings, registry: Registry) -> None:
    fill(cache)
    registry.asked.clear()
    registry.offline = True
    assert (fill(cache), registry.asked) == ([], [])


def test_a_file_that_came_changed_is_fetched_again(cache: Settings, registry: Registry) -> None:
    def repair(name: str) -> None:
        if registry.asked.count(name) == 2:
            registry.served["one-1.jar"] = b"jar one"

    registry.served["one-1.jar"], registry.before = b"jar 0ne", repair
    fill(cache)
    assert registry.asked.count("one-1.jar") == 2
    assert (cache.home / JAR.path).read_bytes() == b"jar one"


def test_a_file_that_always_comes_changed_is_refused(cache: Settings, registry: Registry) -> None:
    registry.served["one-1.jar"] = b"jar 0ne"
    with pytest.raises(ProvisionError, match=r"one-1\.jar: not the expected SHA-256 in 2 tries, so not used"):
        fill(cache)
    assert not (cache.home / JAR.path).exists()


def test_without_a_network_one_sentence_names_what_is_missing_and_the_cure(
    cache: Settings, registry: Registry
) -> None:
    registry.offline = True
    with pytest.raises(ProvisionError) as caught:
        fill(cache)
    assert str(caught.value) == (
        "cannot fetch model.json (0.0 MB): connect this machine to the network, or set up its proxy,"
        " and run `make up` again; what is finished is kept.\n  Temporary failure in name resolution"
    )


def test_after_a_break_only_the_rest_is_fetched(cache: Settings, registry: Registry) -> None:
    def break_off(name: str) -> None:
        registry.offline = name == "two-2.jar"

    registry.before = break_off
    with pytest.raises(ProvisionError):
        fill(cache)
    registry.asked, registry.offline, registry.before = [], False, lambda _name: None
    fill(cache)
    assert registry.asked == ["two-2.jar", "one-1.jar"]


def test_a_file_damaged_later_is_found_and_fetched_alone(cache: Settings, registry: Registry) -> None:
    fill(cache)
    registry.asked.clear()
    (cache.home / CLIP.path).write_bytes(b"half a cl")
    assert verify(cache) == [CLIP.path]
    fill(cache)
    assert (registry.asked, verify(cache)) == (["bikes.mp4"], [])


def test_a_jar_of_another_version_is_taken_off_the_class_path(cache: Settings, registry: Registry) -> None:
    fill(cache)
    (cache.home / "jars" / "kafka" / "one-0.jar").write_bytes(b"old")
    fill(cache)
    assert [path.name for path in (cache.home / "jars" / "kafka").iterdir()] == ["one-1.jar"]


def test_two_at_once_fetch_every_file_once(cache: Settings, registry: Registry) -> None:
    first_is_in, second_waits = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        first_is_in.set()
        assert second_waits.wait(20)

    registry.before = hold
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        second_waits.set()

    first = threading.Thread(target=fill, args=(cache,))
    first.start()
    assert first_is_in.wait(20)
    provision(cache, say)
    first.join()
    assert said == ["another set-up is filling the cache; waiting for it"]
    assert sorted(registry.asked) == sorted(SERVED)


def test_a_newer_converter_converts_again_without_fetching(
    cache: Settings, registry: Registry, converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(cache)
    registry.asked.clear()
    newer = Artifacts(ARTIFACTS.jars, ARTIFACTS.model, ARTIFACTS.clips, converter=2)
    monkeypatch.setattr(module, "load_artifacts", lambda: newer)
    assert fill(cache) == ["converting the model (about a minute)"]
    assert (registry.asked, converter.runs) == ([], 2)


def test_a_damaged_model_is_converted_again(cache: Settings, converter: Converter) -> None:
    fill(cache)
    (cache.models / "coco-ssd" / "labels.txt").write_bytes(b"cat\n")
    fill(cache)
    assert (cache.models / "coco-ssd" / "labels.txt").read_bytes() == b"person\n"
    assert converter.runs == 2


def test_a_failed_conversion_is_told_and_leaves_the_old_model(cache: Settings, converter: Converter) -> None:
    fill(cache)
    converter.fails = True
    (cache.models / "coco-ssd" / "labels.txt").write_bytes(b"cat\n")
    with pytest.raises(ProvisionError, match=r"cannot convert the model from .*: no TF.js graph model"):
        fill(cache)
    assert (cache.models / "coco-ssd" / "model.json").exists()


def test_a_cache_that_cannot_be_written_is_told_with_the_setting(cache: Settings) -> None:
    cache.home.write_bytes(b"a file, no folder")
    with pytest.raises(
        ProvisionError, match=r"cannot write to .* set PYCTURESTREAM_HOME to a folder of yours"
    ):
        fill(cache)
