"""Become one program, in the foreground: `python -m stack.programs.run_program NAME [ARGUMENT…]`.

For external supervisors: a container engine, systemd. Sets up what `up` would have set up for the program;
nothing is started beside it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from lake.config.settings import PROJECT_ROOT
from lake.config.sources import load_configuration
from stack.programs.programs import python_programs, spark_environment
from stack.provision.java import JavaNotFoundError
from stack.site.installation import Installation

STANDALONE: Final = "org.apache.spark.deploy"
DAEMONS: Final = {
    "spark-master": f"{STANDALONE}.master.Master",
    "spark-worker": f"{STANDALONE}.worker.Worker",
}
"""Daemon of Spark's own standalone cluster → its class, which takes the arguments."""


class ProgramUnknownError(LookupError):
    """A program that does not exist."""


def commands(env: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return name → command of every program that can be run; Kafka has an image of its own.

    Args:
        env: of the programs, for the folder of Spark.
    """
    spark_class = os.path.join(env["SPARK_HOME"], "bin", "spark-class")
    daemons = {name: (spark_class, java_class) for name, java_class in DAEMONS.items()}
    return {program.name: program.command for program in python_programs()} | daemons


def command_of(name: str, arguments: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """Return the whole command line.

    Raises:
        ProgramUnknownError: there is no such program.
    """
    available = commands(env)
    if name not in available:
        raise ProgramUnknownError(f"there is no program {name!r}; there are {', '.join(sorted(available))}")
    return [*available[name], *arguments]


def environment_of(name: str, installation: Installation) -> dict[str, str]:
    """Return the environment of the program, and write Spark's configuration.

    Spark's daemons must be reachable from other machines, and so use the address of this one unless
    `--host` gives another; all other programs stay on loopback.

    Raises:
        JavaNotFoundError: there is no suitable Java.
        SettingError: a setting cannot be used.
    """
    env = spark_environment(installation)
    return {key: value for key, value in env.items() if name not in DAEMONS or key != "SPARK_LOCAL_IP"}


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Replace this process by the program; return 1, with one sentence, if that fails."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", ())
    try:
        env = environment_of(name, Installation.from_env(environ, PROJECT_ROOT))
        command = command_of(name, rest, env)
        os.execve(command[0], command, env)
    except (JavaNotFoundError, OSError, ProgramUnknownError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
