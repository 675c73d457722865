"""Become a daemon of Spark's own cluster: `python -m stack.programs.run_spark spark-master`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from lake.config.settings import PROJECT_ROOT
from stack.programs.programs import SPARKS, spark_environment
from stack.programs.spark_daemons import daemon_command, daemon_environment, work_folder
from stack.site.installation import Installation


def main(arguments: Sequence[str]) -> None:
    """Replace this process by the daemon, in a folder and an environment of its own."""
    name = arguments[0] if arguments else ""
    if name not in SPARKS:
        sys.exit(f"{name!r} is no part of Spark's cluster; there are {', '.join(SPARKS)}")
    installation = Installation.from_env(os.environ, PROJECT_ROOT)
    env = spark_environment(installation)
    command = daemon_command(installation, name, env["SPARK_HOME"])
    folder = work_folder(installation, name)
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    os.execve(command[0], command, daemon_environment(env))


if __name__ == "__main__":
    main(sys.argv[1:])
