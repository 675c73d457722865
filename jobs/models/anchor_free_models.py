"""CenterNet and NanoDet as TensorFlow modules: detectors without anchors, behind the TF2 signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import tensorflow as tf

from jobs.models.graph_model import cut_graph, read_graph_model
from jobs.models.ssd_model import suppress_boxes

PICTURE = tf.TensorSpec([1, None, None, 3], tf.uint8, "input_tensor")


class Network(Protocol):
    """A network before suppression; `size` is the side of the square picture it takes, pixels."""

    size: int

    def __call__(self, picture: Any) -> tuple[Any, Any]:
        """Return boxes [1, A, 4] in 0..1, scores [1, A, 80] of float32 RGB [1, size, size, 3] in 0..255."""
        ...


class CenterNet:
    """Objects as peaks of a heat map with their distances to four sides (Zhou et al., 2019)."""

    size = 512
    FEED, PEAKS, SIDES = "tower_0/images", "tower_0/keypoints", "tower_0/wh"

    def __init__(self, folder: Path) -> None:
        graph, _ = read_graph_model(folder, "centernet.json")
        self._graph = cut_graph(graph, self.FEED, [self.PEAKS, self.SIDES])

    def __call__(self, picture: Any) -> tuple[Any, Any]:
        """Return boxes [1, A, 4] in 0..1 and scores [1, A, 80] of float32 RGB [1, 512, 512, 3] in 0..255."""
        heat, sides = _outputs(self._graph, self.FEED, picture, [self.PEAKS, self.SIDES])
        peaks = tf.where(tf.nn.max_pool2d(heat, 3, 1, "SAME") == heat, heat, 0.0)
        cells, classes = heat.shape[1], heat.shape[3]
        steps = tf.range(cells, dtype=tf.float32) * (self.size / cells)
        y, x = tf.meshgrid(steps, steps, indexing="ij")
        left, top, right, bottom = tf.unstack(sides, axis=-1)  # pixels
        boxes = tf.stack([y - top, x - left, y + bottom, x + right], -1) / self.size
        return tf.reshape(boxes, [1, cells**2, 4]), tf.reshape(peaks, [1, cells**2, classes])


class NanoDet:
    """Distances to four sides as distributions over bins, on grids of three strides (Li et al., 2020)."""

    size = 416
    FEED: Final = "input_1"
    STRIDES: Final = (8, 16, 32)
    BINS: Final = 11
    # Means and deviations of the training pictures' blue, green and red.
    MEAN, DEVIATION = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)

    def __init__(self, folder: Path) -> None:
        graph, _ = read_graph_model(folder, "nanodet.json")
        # Scores of the three strides, then their distances.
        self._fetches = [f"Identity{number}" for number in ("", "_1", "_2", "_3", "_4", "_5")]
        self._graph = cut_graph(graph, self.FEED, self._fetches)
        self._cells = np.concatenate([_centres(self.size, stride) for stride in self.STRIDES])

    def __call__(self, picture: Any) -> tuple[Any, Any]:
        """Return boxes [1, A, 4] in 0..1 and scores [1, A, 80] of float32 RGB [1, 416, 416, 3] in 0..255."""
        normalised = (picture[..., ::-1] - tf.constant(self.MEAN)) / tf.constant(self.DEVIATION)
        outputs = _outputs(self._graph, self.FEED, tf.transpose(normalised, [0, 3, 1, 2]), self._fetches)
        scores, bins = tf.concat(outputs[:3], 1), tf.concat(outputs[3:], 1)
        shares = tf.nn.softmax(tf.reshape(bins, [1, len(self._cells), 4, self.BINS]))
        y, x, stride = tf.unstack(tf.constant(self._cells), axis=-1)
        distances = tf.reduce_sum(shares * tf.range(self.BINS, dtype=tf.float32), -1) * stride[:, None]
        left, top, right, bottom = tf.unstack(distances, axis=-1)
        return tf.stack([y - top, x - left, y + bottom, x + right], -1) / self.size, scores


def _centres(size: int, stride: int) -> np.ndarray:
    """Return the centres of a grid's cells: float32 [cells, 3] of y, x and stride, pixels."""
    along = np.arange(size // stride) * stride + (stride - 1) / 2
    y, x = np.meshgrid(along, along, indexing="ij")
    return np.stack([y.ravel(), x.ravel(), np.full(y.size, stride)], -1).astype(np.float32)


def _outputs(graph: Any, feed: str, value: Any, fetches: list[str]) -> list[Any]:
    names = [f"{name}:0" for name in fetches]
    outputs: list[Any] = tf.import_graph_def(graph, {f"{feed}:0": value}, names, name="")
    return outputs


class AnchorFreeDetector(tf.Module):  # type: ignore[misc]
    """A network with the signature of TF2's object-detection models, one picture at a time."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    @tf.function(input_signature=[PICTURE])  # type: ignore[untyped-decorator]
    def __call__(self, picture: Any) -> dict[str, Any]:
        """Return boxes [1, 100, 4], scores, classes from 1 and their number of uint8 RGB [1, H, W, 3]."""
        size = [self._network.size, self._network.size]
        resized = tf.compat.v1.image.resize_bilinear(tf.cast(picture, tf.float32), size)
        return suppress_boxes(*self._network(resized))


NETWORKS: Final[Mapping[str, Callable[[Path], Network]]] = {"centernet": CenterNet, "nanodet": NanoDet}
