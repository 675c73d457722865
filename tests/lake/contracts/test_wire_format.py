from __future__ import annotations

import pytest

from lake.contracts.wire_format import MalformedFrameError, check_camera_id


@pytest.mark.parametrize("camera", ["a", "holger_cam", "Door-1.north", "_x", "9" * 64])
def test_a_name_of_letters_digits_and_marks_may_name_a_camera(camera: str) -> None:
    assert check_camera_id(camera) == camera


@pytest.mark.parametrize(
    "camera", ["", ".", "../x", "-rf", "a/b", "a b", "cam\n", "käse", "9" * 65, "a\x00", "a\\b"]
)
def test_what_could_be_a_path_or_an_option_names_no_camera(camera: str) -> None:
    with pytest.raises(MalformedFrameError, match="must be 1-64 letters"):
        check_camera_id(camera)
