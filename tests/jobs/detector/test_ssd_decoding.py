from __future__ import annotations

import numpy as np
import pytest

from jobs.detector.ssd_decoding import RawDetections, box_iou, decode_boxes, find_objects, suppress

WHOLE, LEFT, FAR = [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.75], [0.9, 0.9, 1.0, 1.0]


def found(boxes, scores, classes):
    return RawDetections(np.array(boxes, np.float32), np.array(scores, np.float32), np.array(classes))


def test_an_encoding_of_zeros_is_the_anchor_itself():
    anchors = np.array([[0.1, 0.2, 0.5, 0.8]])
    assert decode_boxes(np.zeros((1, 4)), anchors) == pytest.approx(anchors)


def test_an_encoding_moves_by_tenths_of_the_anchor_and_grows_by_powers():
    encoded = np.array([[1.0, -1.0, 5 * np.log(2), 0.0]])
    decoded = decode_boxes(encoded, np.array([[0.0, 0.0, 0.2, 0.4]]))
    assert decoded[0] == pytest.approx([-0.08, -0.04, 0.32, 0.36])


def test_overlap_is_the_shared_part_of_both():
    boxes = np.array([WHOLE, LEFT, FAR])
    assert box_iou(boxes[:1], boxes)[0] == pytest.approx([1.0, 0.75, 0.01])


def test_boxes_without_area_overlap_nothing():
    empty = np.array([[0.5, 0.5, 0.5, 0.5]])
    assert box_iou(empty, empty)[0, 0] == 0


def test_the_best_of_two_boxes_on_one_thing_is_kept():
    kept = suppress(found([LEFT, WHOLE], [0.6, 0.9], [3, 3]), iou=0.5)
    assert (kept.scores.tolist(), kept.boxes.tolist()) == ([pytest.approx(0.9)], [WHOLE])


def test_boxes_of_different_classes_do_not_suppress_each_other():
    kept = suppress(found([LEFT, WHOLE], [0.6, 0.9], [3, 4]), iou=0.5)
    assert kept.classes.tolist() == [4, 3]


def test_a_suppressed_box_suppresses_no_other():
    chain = [[0.0, 0.0, 1.0, 0.5], [0.0, 0.1, 1.0, 0.6], [0.0, 0.25, 1.0, 0.75]]
    kept = suppress(found(chain, [0.9, 0.8, 0.7], [1, 1, 1]), iou=0.5)
    assert kept.scores.tolist() == pytest.approx([0.9, 0.7])


def test_at_most_a_hundred_objects_are_kept_and_they_are_the_best():
    many = found([FAR] * 150, np.linspace(0.3, 0.9, 150), range(150))
    kept = suppress(many, iou=0.5)
    assert kept.classes.tolist() == list(range(149, 49, -1))


def test_boxes_are_clipped_to_the_picture():
    kept = suppress(found([[-0.2, 0.1, 1.3, 0.9]], [0.9], [0]), iou=0.5)
    assert kept.boxes[0].tolist() == pytest.approx([0.0, 0.1, 1.0, 0.9])


def test_only_logits_over_the_threshold_become_objects():
    logits = np.full((2, 3), -9.0)
    logits[1, 2], logits[0, 0] = 0.1, -0.1
    objects = find_objects(np.zeros((2, 4)), logits, np.array([WHOLE, FAR]), score=0.5, iou=0.5)
    assert (objects.classes.tolist(), objects.scores.tolist()) == ([2], [pytest.approx(0.524979)])


def test_a_picture_without_objects_gives_none():
    objects = find_objects(np.zeros((1, 4)), np.full((1, 3), -9.0), np.array([WHOLE]), 0.2, 0.5)
    assert [part.shape for part in objects] == [(0, 4), (0,), (0,)]
