"""Read the label files of detectors: a name per line, `id name` per line, or a label map (pbtxt)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ITEM: Final = re.compile(r"\bitem\s*:?\s*\{([^{}]*)\}")
NUMBER: Final = re.compile(r"\bid\s*:\s*(\d+)")
TEXT: Final = r"\b{}\s*:\s*([\"'])((?:\\.|(?!\1).)*)\1"
NUMBERED: Final = re.compile(r"(\d+)\s*[:,\s]\s*(\S.*)")
NAMES: Final = ("labels.txt", "label_map.pbtxt", "labelmap.pbtxt", "labelmap.txt", "classes.txt")
"""Usual names of such a file beside its model."""


class LabelsError(ValueError):
    """A file that names no classes, or none that is there."""


def find_labels(folder: Path) -> Path:
    """Find the labels file in a model's folder, by its usual names.

    Raises:
        LabelsError: there is none.
    """
    paths = [folder / name for name in NAMES if (folder / name).is_file()]
    if not paths:
        raise LabelsError(f"{folder} holds none of {', '.join(NAMES)}: put one there, or give --labels FILE")
    return paths[0]


def read_label_file(path: Path) -> dict[int, str]:
    """Read class number → label; the n-th line names class n, from 1, where no numbers are written.

    Raises:
        LabelsError: it names nothing.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path} is no UTF-8 text ({error.reason}): save it as such") from error
    labels = parse_label_map(text) if ITEM.search(text) else parse_lines(text)
    if not any(labels.values()):
        raise LabelsError(f"{path} names no classes: write a label per line, or items with id and name")
    return labels


def parse_label_map(text: str) -> dict[int, str]:
    """Parse the items of a label map; `display_name` is for people, so it comes before `name`.

    >>> parse_label_map("item { name: '/m/01g317' id: 1 display_name: 'Person' }")
    {1: 'Person'}
    """
    labels = {}
    for item in ITEM.findall(text):
        number = NUMBER.search(item)
        name = re.search(TEXT.format("display_name"), item) or re.search(TEXT.format("name"), item)
        if number and name:
            labels[int(number[1])] = re.sub(r"\\(.)", r"\1", name[2])
    return labels


def parse_lines(text: str) -> dict[int, str]:
    r"""Parse one label per line; numbers are read only if all lines begin with one.

    >>> parse_lines("1 person\n3: traffic light\n")
    {1: 'person', 3: 'traffic light'}
    >>> parse_lines("person\n\n2 wheels\n")
    {1: 'person', 3: '2 wheels'}
    """
    lines = [line.strip() for line in text.splitlines()]
    numbered = [NUMBERED.fullmatch(line) for line in lines if line]
    if numbered and all(numbered):
        return {int(match[1]): match[2] for match in numbered if match}
    return {number: line for number, line in enumerate(lines, 1) if line}
