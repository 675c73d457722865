from __future__ import annotations

import cv2
import numpy as np
import pytest

from capture.pictures.encoding import encode_jpeg, shrink
from capture.pictures.privacy_masks import MaskError, black_out, masks_from

LEFT_TOP = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]
TRIANGLE = [[0.2, 0.1], [0.9, 0.4], [0.3, 0.8]]


def white(width=80, height=40):
    return np.full((height, width, 3), 255, np.uint8)


def noise(width=320, height=180):
    return np.random.default_rng(4).integers(0, 256, (height, width, 3), np.uint8)


def inside(polygon, width, height, margin=0.0):
    """Whether the centre of each pixel lies in a convex polygon, or at most so many pixels outside."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    corners = [(right * width, down * height) for right, down in polygon]
    within = np.ones((height, width), bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        turn = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        within &= turn >= -margin * np.hypot(bx - ax, by - ay)
    return within


def triangle(random):
    """Some three corners, in the order that `inside` wants."""
    a, b, c = random.random((3, 2)).tolist()
    turns_right = (b[0] - a[0]) * (c[1] - a[1]) > (b[1] - a[1]) * (c[0] - a[0])
    return [a, b, c] if turns_right else [a, c, b]


def test_a_rectangle_is_black_to_its_edge_and_the_rest_is_untouched():
    picture = white()
    hidden = black_out(picture, masks_from([LEFT_TOP]))
    assert not hidden[:20, :40].any()
    assert (hidden[22:, :] == 255).all()
    assert (hidden[:, 42:] == 255).all()
    assert (picture == 255).all(), "the source's own picture is left alone"


@pytest.mark.parametrize("seed", range(50))
def test_every_pixel_of_a_slanted_mask_is_black_and_none_far_from_it(seed):
    polygon = TRIANGLE if seed == 0 else triangle(np.random.default_rng(seed))
    picture = noise() | 1
    hidden = black_out(picture, masks_from([polygon]))
    masked = inside(polygon, 320, 180)
    assert masked.any()
    assert not hidden[masked].any()
    far = ~inside(polygon, 320, 180, margin=3)
    assert far.any()
    assert (hidden[far] == picture[far]).all()


def test_what_two_masks_cover_is_black_too():
    right_bottom = [[0.25, 0.25], [1, 0.25], [1, 1], [0.25, 1]]
    hidden = black_out(white(), masks_from([LEFT_TOP, right_bottom]))
    assert not np.concatenate([hidden[:20, :40].ravel(), hidden[10:, 20:].ravel()]).any()
    assert (hidden[22:, :18] == 255).all()


def test_a_mask_over_all_leaves_nothing():
    assert not black_out(white(), masks_from([[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]])).any()


def test_no_masks_cost_nothing():
    picture = white()
    assert black_out(picture, masks_from([])) is picture


def two_pictures_that_differ_where_hidden():
    one = noise()
    return one, np.where(inside(TRIANGLE, 320, 180)[..., None], 255 - one, one).astype(np.uint8)


@pytest.mark.parametrize("longest_side", [None, 160, 99])
def test_a_jpeg_of_a_masked_picture_tells_nothing_of_what_is_hidden(longest_side):
    masks = masks_from([TRIANGLE])
    one, other = (
        encode_jpeg(shrink(black_out(picture, masks), longest_side), 95)
        for picture in two_pictures_that_differ_where_hidden()
    )
    assert one == other


def test_a_mask_is_black_in_the_jpeg_but_for_blocks_that_its_edge_runs_through():
    jpeg = encode_jpeg(black_out(noise(), masks_from([TRIANGLE])), 85)
    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    blocks_in = cv2.erode(inside(TRIANGLE, 320, 180).astype(np.uint8), np.ones((35, 35), np.uint8)) > 0
    assert blocks_in.sum() > 1000
    assert shown[blocks_in].max() == 0


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        ("all", "masks = 'all' must be a list of polygons, such as masks = [[[0, 0]"),
        (LEFT_TOP, "mask 1 = [0, 0] must be a list of [x, y]"),
        ([LEFT_TOP, [[0, 0], [1, 0, 1], [1, 1]]], "mask 2 = [[0, 0], [1, 0, 1], [1, 1]] must be a list"),
        ([[[0, 0], [True, 0], [1, 1]]], "must be a list of [x, y]"),
        ([[[0, 0], [640, 0], [640, 360]]], "mask 1 has the corner [640.0, 0.0]; shares of the picture are 0"),
        ([[[0, 0], [float("nan"), 0], [1, 1]]], "shares of the picture are 0 to 1"),
        ([[[0, 0], [1, 0]]], "covers nothing; give three or more corners"),
        ([[[0, 0], [0.5, 0.5], [1, 1]]], "covers nothing"),
        ([[[0, 0], [1, 1], [0.9, 0], [0, 0.7]]], "meets itself; order its corners, or make two masks"),
        ([[[0, 0], [1, 0], [0, 1], [0, 0], [1, 0], [0, 1]]], "meets itself"),
    ],
)
def test_a_mask_that_would_not_hide_is_an_error_that_names_it_and_the_cure(masks, words):
    with pytest.raises(MaskError) as error:
        masks_from(masks)
    assert words in str(error.value)


def test_a_mask_with_two_arms_on_one_line_is_fine():
    horseshoe = [[0, 0], [0.2, 0], [0.2, 0.6], [0.8, 0.6], [0.8, 0], [1, 0], [1, 1], [0, 1]]
    hidden = black_out(white(), masks_from([horseshoe]))
    assert not np.concatenate([hidden[:, :16], hidden[:, 64:]], axis=1).any()
    assert not hidden[24:].any()
    assert (hidden[:22, 18:62] == 255).all()
