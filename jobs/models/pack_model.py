"""Pack a third-party SavedModel as a model folder: `python -m jobs.models.pack_model`.

The source is the same as for `pycturestream evaluate`: a SavedModel of TensorFlow's object-detection kind,
with a labels file in its folder or beside it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated, Final

import typer

from jobs.detector.engines import SavedModel
from jobs.detector.label_files import find_labels, read_label_file
from jobs.detector.model_manifest import LABELS, SAVED_MODEL, Manifest, ModelFilesError, write_manifest
from jobs.detector.native_output import silence_native_output
from jobs.detector.saved_models import find_saved_model
from lake.contracts.wire_format import STORED_SCORE

ANY_SIZE: Final = 640
"""Input size, pixels a side, for a model that takes pictures of any size."""


def pack(source: Path, target: Path, labels: Path | None, input_size: int | None) -> Manifest:
    """Write the model folder.

    Args:
        source: folder that is or holds a SavedModel.
        target: new folder; its name becomes the model's.
        labels: file that names the classes; None looks in the source's folder.
        input_size: pixels of a side of the square that pictures are fitted to; None takes the model's own.

    Raises:
        ModelFilesError: the source is no detector, or takes another size.
        LabelsError: its classes have no names.
        FileExistsError: the target exists.
    """
    saved_model = find_saved_model(source)
    if saved_model is None:
        raise ModelFilesError(f"{source} is and holds no SavedModel: name the folder with its saved_model.pb")
    names = read_label_file(
        labels or find_labels(saved_model.parent if saved_model.name == SAVED_MODEL else saved_model)
    )
    with silence_native_output():
        size = fitting_size(SavedModel(saved_model, 1, STORED_SCORE).size, input_size)
    target.mkdir(parents=True)
    shutil.copytree(saved_model, target / SAVED_MODEL)
    lines = [names.get(number, "") for number in range(1, max(names) + 1)]
    (target / LABELS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return write_manifest(target, target.name, size, f"SavedModel {source.name}")


def fitting_size(accepted: tuple[int | None, int | None], requested: int | None) -> int:
    """Return the side in pixels of a model's square input.

    Args:
        accepted: height and width of its input; None where it takes any.
        requested: the requested side; None for the model's own.

    Raises:
        ModelFilesError: the model's input is no square, or one of another size.

    >>> fitting_size((None, None), 320), fitting_size((300, 300), None), fitting_size((None, None), None)
    (320, 300, 640)
    """
    fixed = {side for side in accepted if side}
    size = requested or min(fixed, default=ANY_SIZE)
    if fixed - {size}:
        raise ModelFilesError(
            f"the model takes pictures of {accepted[1]} x {accepted[0]} pixels, and not of {size} x {size}:"
            " export it for a square, or for any size"
        )
    return size


def main(
    source: Annotated[Path, typer.Argument(help="Folder that is or holds a SavedModel.")],
    target: Annotated[Path, typer.Argument(help="New model folder; its name becomes the model's.")],
    labels: Annotated[Path | None, typer.Option(help="Labels file, where none lies with the model.")] = None,
    input_size: Annotated[
        int | None, typer.Option(min=32, max=4096, help="Pixels a side; the model's own unless given.")
    ] = None,
) -> None:
    """Pack a SavedModel as a model folder, for PYCTURESTREAM_MODEL and PYCTURESTREAM_ENGINE=tensorflow."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        manifest = pack(source, target, labels, input_size)
    except (ValueError, OSError) as error:
        typer.echo(f"cannot pack {source}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{target} holds {manifest.name}, {manifest.input_size} x {manifest.input_size} pixels")


if __name__ == "__main__":
    typer.run(main)
