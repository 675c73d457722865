"""Record each detector run: one row of `detector_runs`."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from jobs.detector.detector import DetectorSettings
from jobs.detector.model_manifest import read_manifest
from jobs.frames.frame_policy import Policy
from jobs.frames.outcome_messages import RunDescription
from lake.schema.schemas import DETECTOR_RUNS
from lake.storage.tables import Lake


def describe_run(
    detector: DetectorSettings, factory: str, policy: Policy, run: RunDescription
) -> dict[str, Any]:
    """Return the columns of `detector_runs` but key and start; their hash is `configuration_sha256`."""
    manifest = read_manifest(detector.model)
    columns = {
        "layer": run.layer,
        "engine": f"{detector.engine}-{detector.precision}" if factory.startswith("jobs.") else factory,
        "model": manifest.name,
        "model_sha256": dict(manifest.files),
        "policy": policy.name,
        "stale_after_s": policy.stale_after.total_seconds(),
        "stored_score": detector.score,
        "report_threshold": run.report_threshold,
    }
    digest = hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()
    return {**columns, "configuration_sha256": digest}


def record_run(lake: Lake, run: RunDescription, columns: dict[str, Any], started_at: datetime) -> None:
    """Write the run to `detector_runs` before it detects anything."""
    row = {**columns, "run_id": run.run_id, "started_at": started_at}
    lake.append_arrow(lake.rows(DETECTOR_RUNS, [row]), DETECTOR_RUNS, run.run_id, 0)
