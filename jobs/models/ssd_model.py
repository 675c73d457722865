"""SSDLite MobileNet v2 as TensorFlow modules: raw heads, and the whole detector behind the TF2 signature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from jobs.detector.ssd_decoding import IOU_THRESHOLD, MAX_OBJECTS
from jobs.models.graph_model import cut_graph, fold_batch_norm, read_graph_model
from lake.contracts.wire_format import STORED_SCORE

INPUT_SIZE = 300
PICTURES = tf.TensorSpec([None, None, None, 3], tf.uint8, "input_tensor")
FEED, BOXES, LOGITS, ANCHORS = "Preprocessor/sub", "Squeeze", "concat_1", "Postprocessor/ExpandDims"


class SsdHeads(tf.Module):  # type: ignore[misc]
    """Normalised pictures → undecoded boxes and class logits.

    Attributes:
        anchors: float32 [A, 4], ymin, xmin, ymax, xmax in 0..1.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        graph, weights = read_graph_model(folder)
        fold_batch_norm(graph)
        self._graph = cut_graph(graph, FEED, [BOXES, LOGITS])
        self.anchors: np.ndarray = weights[ANCHORS][0]

    def __call__(self, normalised: Any) -> tuple[Any, Any]:
        """Return encoded boxes [N, A, 4] and logits [N, A, 90] of float32 RGB [N, 300, 300, 3] in -1..1."""
        boxes, logits = tf.import_graph_def(
            self._graph,
            input_map={f"{FEED}:0": normalised},
            return_elements=[f"{BOXES}:0", f"{LOGITS}:0"],
            name="",
        )
        return boxes, logits[..., 1:]  # column 0 is the background


class SsdDetector(tf.Module):  # type: ignore[misc]
    """The detector with the signature of TF2's object-detection models."""

    def __init__(self, heads: SsdHeads) -> None:
        super().__init__()
        self._heads = heads

    @tf.function(input_signature=[PICTURES])  # type: ignore[untyped-decorator]
    def __call__(self, pictures: Any) -> dict[str, Any]:
        """Return boxes [N, 100, 4], scores, classes from 1 and their number of uint8 RGB [N, H, W, 3]."""
        size = [INPUT_SIZE, INPUT_SIZE]
        # corners not moved by half a pixel: the way the network was trained; no-op at 300 x 300
        resized = tf.compat.v1.image.resize_bilinear(tf.cast(pictures, tf.float32), size)
        encoded, logits = self._heads(resized * (2 / 255) - 1)
        return suppress_boxes(self._decode(encoded), tf.sigmoid(logits))

    def _decode(self, encoded: Any) -> Any:
        """Decode boxes to corners in 0..1; the same rule as `ssd_decoding.decode_boxes`."""
        anchors = self._heads.anchors
        size, centre = anchors[:, 2:] - anchors[:, :2], (anchors[:, 2:] + anchors[:, :2]) / 2
        middle = encoded[..., :2] / 10 * size + centre
        half = tf.exp(encoded[..., 2:] / 5) * size / 2
        return tf.concat([middle - half, middle + half], -1)


def suppress_boxes(boxes: Any, scores: Any) -> dict[str, Any]:
    """Suppress boxes [N, A, 4] by scores [N, A, C]; return TF2's detection outputs, classes from 1."""
    result = tf.image.combined_non_max_suppression(
        boxes[:, :, None, :],
        scores,
        max_output_size_per_class=MAX_OBJECTS,
        max_total_size=MAX_OBJECTS,
        iou_threshold=IOU_THRESHOLD,
        score_threshold=STORED_SCORE,
    )
    return {
        "detection_boxes": result.nmsed_boxes,
        "detection_scores": result.nmsed_scores,
        "detection_classes": result.nmsed_classes + 1,
        "num_detections": tf.cast(result.valid_detections, tf.float32),
    }
