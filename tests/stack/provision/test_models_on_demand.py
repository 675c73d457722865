"""Models that are fetched when they are named, with tools that need no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from jobs.evaluation.model_choice import ON_DEMAND
from lake.config.settings import Settings
from stack.provision import models_on_demand as module
from stack.provision import provision
from stack.provision.artifacts import Package, load_on_demand
from stack.provision.models_on_demand import names_of, provide
from stack.provision.provision import ProvisionError
from tests.stack.provision.test_provision import Registry, artifact, sha256

SERVED = {
    "centernet.json": b"centernet",
    "centernet.bin": b"centernet's weights",
    "nanodet.json": b"nanodet",
    "nanodet.bin": b"nanodet's weights",
}
FILES = tuple(artifact(f"downloads/on-demand/{name}", data) for name, data in SERVED.items())
PACKAGE = Package("models", "1", "m", artifact("downloads/models.tgz", b""), FILES)


class Converter:
    """Writes a model folder of one file, and notes of which model."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, command: Sequence[str], *_: object) -> None:
        source, target, name = command[3:]
        assert (Path(source) / f"{name}.bin").read_bytes() == SERVED[f"{name}.bin"]
        self.names.append(name)
        Path(target).mkdir()
        (Path(target) / "labels.txt").write_bytes(b"person\n")
        manifest = {"files": {"labels.txt": sha256(b"person\n")}}
        (Path(target) / "model.json").write_text(json.dumps(manifest))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry()
    registry.served = dict(SERVED)
    monkeypatch.setattr(module, "load_on_demand", lambda: (PACKAGE, 1))
    monkeypatch.setattr(module, "unpacked", lambda _package, _download: registry.fetch)
    return registry


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Converter:
    converter = Converter()
    monkeypatch.setattr(provision, "run_tool", converter)
    return converter


@pytest.fixture
def cache(tmp_path: Path, registry: Registry, converter: Converter) -> Settings:
    return Settings(home=tmp_path / "the cache", data=tmp_path / "data")


def silent(_line: str) -> None:
    pass


def test_only_the_model_that_is_named_is_fetched_and_only_once(
    cache: Settings, registry: Registry, converter: Converter
) -> None:
    said: list[str] = []
    for _ in range(2):
        provide(cache, ["photos", "nanodet:tensorflow", "--demo"], said.append)
    assert registry.asked == ["nanodet.json", "nanodet.bin"]
    assert said == ["  [1/2] nanodet.json, 0.0 MB", "  [2/2] nanodet.bin, 0.0 MB", "converting nanodet"]
    assert [path.name for path in cache.models.iterdir()] == ["nanodet"]
    provide(cache, ["nanodet", "centernet"], silent)
    assert (registry.asked[2:], converter.names) == (
        ["centernet.json", "centernet.bin"],
        ["nanodet", "centernet"],
    )


def test_other_words_touch_neither_network_nor_disk(cache: Settings, registry: Registry) -> None:
    provide(cache, ["coco-ssd", "centernet.jpg", "--demo"], silent)
    assert (registry.asked, cache.home.exists()) == ([], False)


def test_a_model_is_converted_anew_when_its_files_or_its_converter_changed(
    cache: Settings, registry: Registry, converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    provide(cache, ["nanodet"], silent)
    (cache.models / "nanodet" / "labels.txt").write_bytes(b"cat\n")
    provide(cache, ["nanodet"], silent)
    monkeypatch.setattr(module, "load_on_demand", lambda: (PACKAGE, 2))
    provide(cache, ["nanodet"], silent)
    assert (converter.names, registry.asked) == (["nanodet"] * 3, ["nanodet.json", "nanodet.bin"])


def test_weights_with_other_bytes_are_refused(cache: Settings, registry: Registry) -> None:
    registry.served["nanodet.bin"] = b"other"
    with pytest.raises(ProvisionError, match=r"nanodet\.bin: not the expected SHA-256 in 2 tries"):
        provide(cache, ["nanodet"], silent)
    assert not (cache.models / "nanodet").exists()


def test_the_package_holds_topology_and_weights_of_two_models() -> None:
    package, _ = load_on_demand()
    assert tuple(names_of(package)) == ON_DEMAND == ("centernet", "nanodet")
    assert [file.name for file in package.files] == sorted(SERVED)
