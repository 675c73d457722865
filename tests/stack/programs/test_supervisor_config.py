"""The supervisor's configuration, read back by the supervisor's own parser."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest

from lake.config.settings import SettingError
from stack.programs.programs import Program
from stack.programs.supervisor_config import render_config
from stack.site.installation import Installation

ODD = '/data/it\'s 100% "odd" %(here)s é'


def parse(here: Installation, *command: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    program = Program("kafka", command or ("java",), settle_s=3)
    parser.read_string(render_config(here, [program], Path("/tmp/50%.sock")))
    return parser


def test_odd_paths_come_back_as_they_were() -> None:
    here = Installation.from_env({"PYCTURESTREAM_DATA": ODD}, Path("/my project"))
    parser = parse(here, "/opt/a b/java", "-Dx=50%", "it's")
    assert shlex.split(parser["program:kafka"]["command"] % {}) == ["/opt/a b/java", "-Dx=50%", "it's"]
    assert parser["program:kafka"]["stdout_logfile"] % {} % {} == f"{ODD}/logs/kafka.log"
    assert parser["supervisord"]["pidfile"] % {} == f"{ODD}/run/supervisord.pid"
    assert parser["program:kafka"]["directory"] % {} == "/my project"
    assert parser["unix_http_server"]["file"] % {} == "/tmp/50%.sock"


def test_programs_wait_to_be_started_and_are_stopped_with_their_children() -> None:
    section = parse(Installation.from_env({}, Path("/p")))["program:kafka"]
    wanted = {"autostart": "false", "autorestart": "true", "stopasgroup": "true", "killasgroup": "true"}
    assert {name: section[name] for name in wanted} == wanted


@pytest.mark.parametrize("path", ["/a #b", "/a ;b", "/a\nb"])
def test_a_path_that_the_supervisor_would_cut_is_refused(path: str) -> None:
    with pytest.raises(SettingError, match="use another folder"):
        parse(Installation.from_env({"PYCTURESTREAM_DATA": path}, Path("/p")))


def test_no_setting_is_written_into_the_file() -> None:
    here = Installation.from_env({"PYCTURESTREAM_DOOR_PASSWORD": "canary"}, Path("/p"))
    assert "canary" not in render_config(here, [Program("kafka", ("java",), 3)], Path("/tmp/s"))
