from __future__ import annotations

import stat

import pytest

from capture.cameras.cameras import Camera, CameraError, cameras_from, interval_of, read_cameras
from capture.cameras.cameras_file import add_camera, ensure_cameras, remove_camera
from capture.pictures.motion import MotionRule
from tests.capture.fakes import settings_of


def test_an_entry_takes_what_it_leaves_out_from_the_settings(tmp_path):
    content = """
        [[camera]]
        id = "door"
        source = 0
        [[camera]]
        id = "yard"
        source = "rtsp://x/1"
        fps = 4
        quality = 70
        enabled = false
    """
    assert cameras_from(content, settings_of(tmp_path)) == [
        Camera("door", "0", 3.0, False, 1280, 720, 85, True),
        Camera("yard", "rtsp://x/1", 0.25, False, 1280, 720, 70, False),
    ]


def test_an_entry_may_say_what_others_see_of_its_pictures(tmp_path):
    content = """
        [[camera]]
        id = "yard"
        source = 0
        longest_side = 640
        masks = [[[0, 0], [0.5, 0], [0, 1]]]
        motion = true
        motion_area = 0.02
        still_interval = 60
        [[camera]]
        id = "door"
        source = 1
        motion = false
        motion_area = 0.02
    """
    yard, door = cameras_from(content, settings_of(tmp_path))
    assert (yard.longest_side, yard.masks) == (640, (((0, 0), (0.5, 0), (0, 1)),))
    assert yard.motion == MotionRule(threshold=25, area=0.02, still_interval=60)
    assert (door.longest_side, door.masks, door.motion) == (None, (), None)


def test_the_demo_loops_unless_told(tmp_path):
    (demo,) = cameras_from('[[camera]]\nid = "d"\nsource = "demo"\n', settings_of(tmp_path))
    (once,) = cameras_from('[[camera]]\nid = "d"\nsource = "demo"\nloop = false\n', settings_of(tmp_path))
    assert (demo.loop, demo.is_live, once.loop, once.is_live) == (True, True, False, False)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('id = "../x"\nsource = "0"', "'../x' must be 1-64 letters"),
        ('source = "0"', "id = None"),
        ('id = "a"', "empty source"),
        ('id = "a"\nsource = true', "source = True must be"),
        ('id = "a"\nsource = "ftp://ann:canary@x/"', "'ftp://***@x/' must begin with one of rtsp://"),
        ('id = "a"\nsource = "0"\nfps = 0', "fps = 0 must be over 0"),
        (
            'id = "a"\nsource = "0"\ninterval = 0',
            "interval = 0, every picture, is for a file or folder that ends",
        ),
        ('id = "a"\nsource = "f.mp4"\nloop = true\ninterval = 0', "give 0.01 or more seconds"),
        ('id = "a"\nsource = "test"\ninterval = 0', "give 0.01 or more seconds"),
        ('id = "a"\nsource = "0"\nfps = 2\ninterval = 3', "give one of them"),
        ('id = "a"\nsource = "0"\ninterval = "3"', "interval = '3' must be a number"),
        ('id = "a"\nsource = "0"\ninterval = nan', "interval = nan must be from 0.01"),
        ('id = "a"\nsource = "0"\nquality = 101', "quality = 101 must be from 1 to 100"),
        ('id = "a"\nsource = "0"\nwidth = 1.5', "width = 1.5 must be a whole number"),
        ('id = "a"\nsource = "0"\nloop = 1', "loop = 1 must be true or false"),
        ('id = "a"\nsource = "0"\ncolour = true', "unknown key 'colour'; known are id, source"),
        ('id = "a"\nsource = "0"\nlongest_side = 8', "longest_side = 8 must be from 16 to 16384"),
        ('id = "a"\nsource = "0"\nmotion = 1', "camera 'a': motion = 1 must be true or false"),
        ('id = "a"\nsource = "0"\nmotion = true\nmotion_area = 2', "motion_area = 2 must be a number from 0"),
        ('id = "a"\nsource = "0"\nmotion = true\nstill_interval = "9"', "'9' must be a number from 0.1 to"),
        ('id = "a"\nsource = "0"\nmotion = true\nmotion_threshold = nan', "motion_threshold = nan must be"),
        ('id = "a"\nsource = "0"\nstill_interval = 9', "still_interval needs the motion gate; add motion ="),
        (
            'id = "a"\nsource = "0"\nmasks = [[[0, 0], [1, 0]]]',
            "camera 'a': mask 1 = [[0, 0], [1, 0]] ",
        ),
        ('id = "a"\nsource = "0"\n[[camera]]\nid = "a"\nsource = "1"', "'a' is listed twice"),
        ("id = ", "not valid TOML"),
    ],
)
def test_a_bad_entry_is_an_error_that_names_the_value_and_the_cure(tmp_path, entry, words):
    with pytest.raises(CameraError) as error:
        cameras_from(f"[[camera]]\n{entry}\n", settings_of(tmp_path))
    assert words in str(error.value)
    assert "canary" not in str(error.value)


def test_every_picture_of_a_file_that_ends_may_be_asked_for(tmp_path):
    (film,) = cameras_from('[[camera]]\nid = "f"\nsource = "f.mp4"\ninterval = 0\n', settings_of(tmp_path))
    assert (film.interval, film.is_live) == (0.0, False)


def test_a_file_with_other_things_is_an_error(tmp_path):
    with pytest.raises(CameraError, match=r"only \[\[camera\]\] entries"):
        cameras_from("[camera]\nid = 'a'\n", settings_of(tmp_path))


def test_the_interval_may_be_said_either_way():
    assert interval_of("a", None, None, 3.0) == 3.0
    assert interval_of("a", 5.0, None, 3.0) == 5.0
    assert interval_of("a", None, 4.0, 3.0) == 0.25


def test_a_missing_list_begins_with_the_demo_and_only_its_owner_reads_it(tmp_path):
    settings = settings_of(tmp_path / "new folder")
    ensure_cameras(settings.cameras)
    assert read_cameras(settings.cameras, settings) == [Camera("demo", "demo", 1.0, True, 1280, 720, 85)]
    assert stat.S_IMODE(settings.cameras.stat().st_mode) == 0o600


def test_adding_and_removing_keeps_comments_and_the_other_cameras(tmp_path):
    settings = settings_of(tmp_path)
    settings.cameras.write_text('# my house\n[[camera]]\nid = "door" # the front one\nsource = "0"\n')
    add_camera(settings.cameras, {"id": "yard", "source": "1", "fps": 2.0}, settings)
    assert [camera.id for camera in read_cameras(settings.cameras, settings)] == ["door", "yard"]
    remove_camera(settings.cameras, "yard", settings)
    assert (
        settings.cameras.read_text() == '# my house\n[[camera]]\nid = "door" # the front one\nsource = "0"\n'
    )


def test_the_last_camera_can_be_removed_and_another_added(tmp_path):
    settings = settings_of(tmp_path)
    remove_camera(settings.cameras, "demo", settings)
    assert read_cameras(settings.cameras, settings) == []
    add_camera(settings.cameras, {"id": "webcam", "source": "0"}, settings)
    assert [camera.id for camera in read_cameras(settings.cameras, settings)] == ["webcam"]


def test_a_camera_is_not_added_twice(tmp_path):
    settings = settings_of(tmp_path)
    with pytest.raises(CameraError, match="'demo' is listed already"):
        add_camera(settings.cameras, {"id": "demo", "source": "0"}, settings)


def test_removing_an_unknown_camera_lists_the_known(tmp_path):
    settings = settings_of(tmp_path)
    with pytest.raises(CameraError, match=r"no camera 'yard' .* there are: demo"):
        remove_camera(settings.cameras, "yard", settings)


def test_a_bad_camera_leaves_the_list_as_it_was(tmp_path):
    settings = settings_of(tmp_path)
    ensure_cameras(settings.cameras)
    before = settings.cameras.read_bytes()
    with pytest.raises(CameraError):
        add_camera(settings.cameras, {"id": "a b", "source": "0"}, settings)
    assert settings.cameras.read_bytes() == before
