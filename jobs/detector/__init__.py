"""The object detector: models, engines, pictures in and objects out."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def __getattr__(name: str) -> Any:
    """Import the default of setting DETECTOR, `jobs.detector:load_detector`, on first access."""
    if name == "load_detector":
        return import_module("jobs.detector.detector").load_detector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
