"""`python -m capture`: the agent, its cameras and the results client."""

from __future__ import annotations

import os
import sys

from capture.cameras.redaction import redact
from capture.command import app
from lake.config.sources import load_configuration


def hide_passwords() -> None:
    """Take passwords in addresses out of what the list of processes shows of this one."""
    said = " ".join([sys.executable, "-m", "capture", *sys.argv[1:]])
    if redact(said) != said:
        os.environ["SPT_NOENV"] = "1"  # leaves the environment as it is
        from setproctitle import setproctitle

        setproctitle(redact(said))


if __name__ == "__main__":
    hide_passwords()
    load_configuration()
    app(prog_name="capture")
