"""Whether a program is well, for whatever supervises it: `python -m stack.programs.check_program NAME`.

Status 0 where nothing is wrong with it, else 1 and what is. It must run where the program does: in the same
container, on the same machine.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence

from lake.config.settings import PROJECT_ROOT, SettingError
from lake.config.sources import load_configuration
from stack.programs.health import health_problem
from stack.programs.programs import NAMES
from stack.site.clock import SystemClock
from stack.site.installation import Installation


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Look once; 2 for a program that there is not or a setting that cannot be used."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    name = arguments[0] if arguments else ""
    if name not in NAMES:
        sys.stderr.write(f"there is no program {name!r}; there are {', '.join(NAMES)}\n")
        return 2
    try:
        why = health_problem(Installation.from_env(environ, PROJECT_ROOT), name, SystemClock())
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{name}: {why or 'well'}\n")
    return 1 if why else 0


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
