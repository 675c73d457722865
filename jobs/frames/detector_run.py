"""What exactly was detecting: one row of `detector_runs` per run."""

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
    """The run as columns of `detector_runs`, without its key and start; hashed for `configuration_sha256`."""
    manifest = read_manifest(detector.model)
    known = {
        "layer": run.layer,
        "engine": f"{detector.engine}-{detector.precision}" if factory.startswith("jobs.") else factory,
        "model": manifest.name,
        "model_sha256": dict(manifest.files),
        "policy": policy.name,
        "stale_after_s": policy.stale_after.total_seconds(),
        "stored_score": detector.score,
        "report_threshold": run.report_threshold,
    }
    digest = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    return {**known, "configuration_sha256": digest}


def record_run(lake: Lake, run: RunDescription, known: dict[str, Any], started_at: datetime) -> None:
    """Write the run down before it detects anything."""
    row = {**known, "run_id": run.run_id, "started_at": started_at}
    lake.append_arrow(lake.rows(DETECTOR_RUNS, [row]), DETECTOR_RUNS, run.run_id, 0)
