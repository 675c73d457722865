"""`python -m capture`: the agent, its cameras and the results client."""

from __future__ import annotations

import os
import sys

from capture.cameras.redaction import redact
from capture.command import app
from lake.config.sources import load_configuration


def hide_passwords() -> None:
    """Remove passwords in addresses from this process's title in the process list."""
    command_line = " ".join([sys.executable, "-m", "capture", *sys.argv[1:]])
    if redact(command_line) != command_line:
        os.environ["SPT_NOENV"] = "1"  # leaves the environment as it is
        from setproctitle import setproctitle

        setproctitle(redact(command_line))


if __name__ == "__main__":
    hide_passwords()
    load_configuration()
    app(prog_name="capture")
