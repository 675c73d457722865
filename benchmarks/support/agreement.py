"""How far two detectors agree on the same pictures: who finds what the other finds, where, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from jobs.detector.detected_object import DetectedObject
from jobs.detector.ssd_decoding import box_iou

SAME_PLACE: Final = 0.5
"""IoU from which two boxes of one label are one object."""
ALIKE_IOU, ALIKE_SCORE = 0.9, 0.05
"""From the one on, and within the other, two findings of an object are alike."""

Findings = Sequence[Sequence[DetectedObject]]
"""Objects by picture."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One object found by both: IoU of the boxes, 0..1, and how far the scores are apart, 0..1."""

    iou: float
    score: float

    @property
    def is_alike(self) -> bool:
        """Whether both say nearly the same of it."""
        return self.iou >= ALIKE_IOU and self.score <= ALIKE_SCORE


@dataclass(frozen=True, slots=True)
class Agreement:
    """Objects of one side over a threshold, and those of them that the other side found too."""

    objects: int
    pairs: tuple[Pair, ...]

    @property
    def found(self) -> float:
        """Share that the other side found, 0..1."""
        return len(self.pairs) / self.objects

    @property
    def alike(self) -> float:
        """Share that the other side found and says nearly the same of, 0..1."""
        return sum(pair.is_alike for pair in self.pairs) / self.objects

    def iou(self, percent: float) -> float:
        """So many percent of the pairs overlap by less."""
        return float(np.percentile([pair.iou for pair in self.pairs], percent))

    def score(self, percent: float) -> float:
        """So many percent of the pairs have scores that are less far apart."""
        return float(np.percentile([pair.score for pair in self.pairs], percent))


def agreement(wanted: Findings, offered: Findings, threshold: float) -> Agreement:
    """What of one side's objects the other has too.

    Args:
        wanted: of these, objects with at least the threshold count.
        offered: all of these may be a partner, each of one object: who scores an object just below the
            threshold has found it.
        threshold: score, 0..1.
    """
    objects = [[one for one in found if one.score >= threshold] for found in wanted]
    pairs = [pair for ours, theirs in zip(objects, offered, strict=True) for pair in _pairs(ours, theirs)]
    return Agreement(sum(map(len, objects)), tuple(pairs))


def _pairs(wanted: Sequence[DetectedObject], offered: Iterable[DetectedObject]) -> list[Pair]:
    """Each of the wanted, best first, with the free one that overlaps most."""
    free, found = list(offered), []
    for one in sorted(wanted, key=lambda each: -each.score):
        rivals = [other for other in free if other.label == one.label]
        best = max(rivals, key=lambda other: _iou(one, other), default=None)
        if best and _iou(one, best) >= SAME_PLACE:
            free.remove(best)
            found.append(Pair(_iou(one, best), abs(one.score - best.score)))
    return found


def _iou(one: DetectedObject, other: DetectedObject) -> float:
    boxes = [np.array([[box.ymin, box.xmin, box.ymax, box.xmax]]) for box in (one, other)]
    return float(box_iou(*boxes)[0, 0])
