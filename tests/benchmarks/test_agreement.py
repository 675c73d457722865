from __future__ import annotations

import pytest

from benchmarks.support.agreement import Agreement, Pair, agreement
from jobs.detector.detected_object import DetectedObject


def box(label, score, left, right):
    """An object as high as the picture."""
    return DetectedObject(label, score, 0.0, left, 1.0, right)


def rounded(found):
    """Without the last digits of floating point."""
    return found.objects, [(round(pair.iou, 6), round(pair.score, 6)) for pair in found.pairs]


def test_an_object_is_paired_with_the_one_of_its_label_that_overlaps_most():
    wanted = [[box("cat", 0.9, 0.0, 0.4)]]
    offered = [[box("dog", 0.9, 0.0, 0.4), box("cat", 0.8, 0.0, 0.3), box("cat", 0.6, 0.0, 0.5)]]
    assert rounded(agreement(wanted, offered, 0.5)) == (1, [(0.8, 0.3)])


def test_one_object_of_the_other_side_is_the_partner_of_one_only_the_surer_first():
    wanted = [[box("cat", 0.6, 0.0, 0.4), box("cat", 0.9, 0.0, 0.5)]]
    assert rounded(agreement(wanted, [[box("cat", 0.9, 0.0, 0.5)]], 0.5)) == (2, [(1.0, 0.0)])


def test_only_objects_over_the_threshold_count_and_a_partner_may_be_below_it():
    wanted = [[box("cat", 0.5, 0.0, 0.4), box("cat", 0.49, 0.6, 1.0)]]
    offered = [[box("cat", 0.25, 0.0, 0.4), box("cat", 0.9, 0.6, 1.0)]]
    assert rounded(agreement(wanted, offered, 0.5)) == (1, [(1.0, 0.25)])


def test_boxes_that_overlap_by_less_than_half_are_not_one_object_nor_are_those_of_other_pictures():
    apart = agreement([[box("cat", 0.9, 0.0, 0.4)]], [[box("cat", 0.9, 0.21, 0.61)]], 0.5)
    elsewhere = agreement([[box("cat", 0.9, 0.0, 0.4)], []], [[], [box("cat", 0.9, 0.0, 0.4)]], 0.5)
    assert (apart, elsewhere) == (Agreement(1, ()), Agreement(1, ()))


def test_shares_are_of_all_objects_and_percentiles_of_the_pairs():
    found = Agreement(5, (Pair(1.0, 0.0), Pair(0.9, 0.05), Pair(0.89, 0.01), Pair(0.95, 0.06)))
    assert (found.found, found.alike) == (0.8, 0.4)
    assert (found.iou(0), found.iou(50), found.score(100)) == (0.89, pytest.approx(0.925), 0.06)
