"""Health check of a program, for its supervisor: `python -m stack.programs.check_program NAME`.

Status 0 if it is healthy, else 1 and the reason. It must run where the program does: in the same
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


def main(args: Sequence[str], environ: Mapping[str, str]) -> int:
    """Check once; return 2 for an unknown program or an invalid setting."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    name = args[0] if args else ""
    if name not in NAMES:
        sys.stderr.write(f"there is no program {name!r}; there are {', '.join(NAMES)}\n")
        return 2
    try:
        problem = health_problem(Installation.from_env(environ, PROJECT_ROOT), name, SystemClock())
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{name}: {problem or 'well'}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
