"""Renders the supervisor's configuration, safe for any path it can hold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from lake.config.settings import SettingError
from stack.programs.programs import Program
from stack.site.installation import Installation

HEAD = """; Written by `pycturestream up`; changes here are lost.
[unix_http_server]
file={socket}
chmod=0700

[supervisord]
identifier=pycturestream
directory={root}
pidfile={run}/supervisord.pid
logfile={logs}/supervisord.log
logfile_maxbytes=5MB
logfile_backups=2
childlogdir={logs}
umask=027

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket}
"""

# A crash before `startsecs` backs off one second more each time; 100 of them are 84 minutes.
PROGRAM = """
[program:{name}]
command={command}
directory={root}
autostart=false
autorestart=true
startsecs={settle_s}
startretries=100
stopsignal=TERM
stopwaitsecs=30
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


def render_config(installation: Installation, programs: Sequence[Program], socket: Path) -> str:
    """Render the configuration file.

    The environment is not part of it: programs inherit the supervisor's, so that no secret is
    written to disk.

    Raises:
        SettingError: a path cannot be written in a supervisor configuration.
    """
    head = HEAD.format(
        socket=_escape(str(socket)),
        root=_escape(str(installation.root)),
        run=_escape(str(installation.settings.run)),
        logs=_escape(str(installation.logs)),
    )
    return head + "".join(_section(installation, program) for program in programs)


def _section(installation: Installation, program: Program) -> str:
    return PROGRAM.format(
        name=program.name,
        command=_escape(shlex.join(program.command)),
        root=_escape(str(installation.root)),
        # The supervisor expands this one option twice.
        log=_escape(_escape(str(installation.log(program.name)))),
        settle_s=program.settle_s,
    )


def _escape(value: str) -> str:
    # Its parser treats " ;" and " #" as a comment even within quotes, and has no escape.
    if re.search(r"\s[;#]|[\r\n]", value):
        raise SettingError(f"the path {value!r} holds ' ;', ' #' or a line break; use another folder")
    return value.replace("%", "%%")
