"""Convert the TF.js models CenterNet and NanoDet.

`python -m jobs.models.convert_anchor_free SOURCE TARGET NAME`

Writes a SavedModel, labels, and last the manifest `model.json`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from jobs.detector.coco_labels import COCO_NAMES
from jobs.detector.model_manifest import LABELS, SAVED_MODEL, write_manifest
from jobs.detector.native_output import silence_native_output


class UnknownNetworkError(ValueError):
    """An unknown network's name."""


def convert(source: Path, target: Path, name: str) -> None:
    """Write the model folder; `target` must be new.

    Raises:
        GraphModelError: the source is no TF.js graph model.
        UnknownNetworkError: there is no such network.
        FileExistsError: the target is there already.
    """
    with silence_native_output():
        import tensorflow as tf

        from jobs.models.anchor_free_models import NETWORKS, AnchorFreeDetector

        if name not in NETWORKS:
            raise UnknownNetworkError(f"no network {name!r}; there are {', '.join(NETWORKS)}")
        network = NETWORKS[name](source)
        detector = AnchorFreeDetector(network)
        target.mkdir(parents=True)
        tf.saved_model.save(detector, str(target / SAVED_MODEL), signatures=detector.__call__)
    # these networks number the used classes only
    (target / LABELS).write_text("\n".join(filter(None, COCO_NAMES)) + "\n")
    write_manifest(target, name, network.size, f"TF.js graph model {name}")


def main(
    source: Annotated[Path, typer.Argument(help="Folder with NAME.json and its weights.")],
    target: Annotated[Path, typer.Argument(help="New folder for the converted model.")],
    name: Annotated[str, typer.Argument(help="centernet or nanodet.")],
) -> None:
    """Convert CenterNet or NanoDet into a model folder."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        convert(source, target, name)
    except (ValueError, OSError) as error:
        typer.echo(f"cannot convert {source}: {error}", err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
