"""`python -m stack.provision`: fetch jars, model and clips."""

from __future__ import annotations

import sys

from stack.provision.provision import main

sys.exit(main())
