from __future__ import annotations

import pytest

from jobs.detector.sectors import sector_of


@pytest.mark.parametrize(
    ("box", "sector"),
    [
        ((0.0, 0.0, 0.1, 0.1), ("top", "left")),
        ((0.0, 0.4, 0.1, 0.6), ("top", "center")),
        ((0.0, 0.8, 0.1, 1.0), ("top", "right")),
        ((0.4, 0.0, 0.6, 0.1), ("middle", "left")),
        ((0.0, 0.0, 1.0, 1.0), ("middle", "center")),
        ((0.4, 0.8, 0.6, 1.0), ("middle", "right")),
        ((0.8, 0.0, 1.0, 0.1), ("bottom", "left")),
        ((0.8, 0.4, 1.0, 0.6), ("bottom", "center")),
        ((0.8, 0.8, 1.0, 1.0), ("bottom", "right")),
    ],
)
def test_a_box_lies_in_the_sector_of_its_centre(box, sector):
    assert sector_of(*box) == sector


def test_the_borders_between_sectors_lie_at_thirds():
    centres = (0.33, 0.34, 0.66, 0.67)
    assert [sector_of(c, c, c, c)[0] for c in centres] == ["top", "middle", "middle", "bottom"]
    assert [sector_of(c, c, c, c)[1] for c in centres] == ["left", "center", "center", "right"]


def test_a_wide_box_counts_by_its_centre_not_by_its_edges():
    assert sector_of(0.0, 0.5, 0.2, 1.0) == ("top", "right")


def test_a_box_outside_the_picture_gets_the_nearest_sector():
    assert [sector_of(1.0, 1.0, 1.4, 1.4), sector_of(-0.4, -0.4, -0.2, -0.2)] == [
        ("bottom", "right"),
        ("top", "left"),
    ]
