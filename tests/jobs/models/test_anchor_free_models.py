"""From what CenterNet and NanoDet say to boxes, on answers typed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.model


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Any, Any]]:
    """Calls a network on a blank picture, with these outputs in place of what its graph computes."""
    import tensorflow as tf

    from jobs.models import anchor_free_models as module

    def call(name: str, outputs: list[np.ndarray]) -> tuple[Any, Any]:
        tensors = [tf.constant(array, tf.float32) for array in outputs]
        monkeypatch.setattr(module, "read_graph_model", lambda *_: (None, {}))
        monkeypatch.setattr(module, "cut_graph", lambda *_: None)
        monkeypatch.setattr(module, "_outputs", lambda *_: tensors)
        blank = module.NETWORKS[name](Path("none"))
        boxes, scores = blank(tf.zeros([1, blank.size, blank.size, 3]))
        return boxes.numpy(), scores.numpy()

    return call


def test_centernet_keeps_peaks_and_measures_their_sides_from_the_cell(network: Any) -> None:
    heat, sides = np.zeros((1, 4, 4, 80)), np.zeros((1, 4, 4, 4))
    heat[0, 1, 2, 5], heat[0, 1, 3, 5], heat[0, 3, 0, 7] = 0.9, 0.8, 0.4
    sides[0, 1, 2] = 64, 128, 32, 256  # left, top, right, bottom
    boxes, scores = network("centernet", [heat, sides])
    assert [(int(cell), int(number)) for _, cell, number in np.argwhere(scores)] == [(6, 5), (12, 7)]
    assert boxes[0, 6].tolist() == [0.0, 192 / 512, 384 / 512, 288 / 512]


def test_nanodet_measures_the_mean_of_each_distribution_in_strides_from_the_middle_of_the_cell(
    network: Any,
) -> None:
    counts = [(416 // stride) ** 2 for stride in (8, 16, 32)]
    scores = [np.zeros((1, count, 80)) for count in counts]
    bins = [np.full((1, count, 44), -50.0) for count in counts]
    cell = 5 * 26 + 3  # of the second grid: row 5, column 3, stride 16
    scores[1][0, cell, 15] = 0.75
    for side, chosen in enumerate(([1], [2, 4], [0], [10])):  # left, top, right, bottom
        bins[1][0, cell, [side * 11 + one for one in chosen]] = 50
    boxes, found = network("nanodet", [*scores, *bins])
    assert np.argwhere(found).tolist() == [[0, counts[0] + cell, 15]]
    y, x = 5 * 16 + 7.5, 3 * 16 + 7.5
    expected = [y - 3 * 16, x - 16, y + 160, x]
    assert (boxes[0, counts[0] + cell] * 416).tolist() == pytest.approx(expected, abs=1e-3)
