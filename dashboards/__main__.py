"""Serves the pages: `python -m dashboards`."""

from __future__ import annotations

import os
import sys

from dashboards.malloc_tuning import leave_out_pandas, tune_malloc
from lake.config.sources import load_configuration

if __name__ == "__main__":
    tune_malloc(os.environ)
    leave_out_pandas()
    load_configuration()
    from dashboards.server import main  # brings in what reads these settings as it is loaded

    sys.exit(main(os.environ))
