"""What the web server keeps between requests: the live state, and readers of the lake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Self

from dashboards.data.camera_registry import Registry
from dashboards.data.exploring import Explorer
from dashboards.data.feed import Feed
from dashboards.data.pipeline_facts import PipelineFacts
from dashboards.data.quality_history import QualityHistory
from dashboards.data.report_history import ReportHistory
from lake.config.settings import Settings

Service = Feed | Explorer | ReportHistory | QualityHistory | Registry | PipelineFacts
"""Each has `start`, `stop` and `health`."""


@dataclass(frozen=True, slots=True)
class Services:
    """One service for each of the pages, and the list of cameras; `/healthz` names them as the fields do."""

    live: Feed
    explore: Explorer
    report: ReportHistory
    quality: QualityHistory
    cameras: Registry
    pipeline: PipelineFacts

    @classmethod
    def of(cls, settings: Settings, airflow: str, clock: Callable[[], datetime]) -> Self:
        """Make all of them; none is started.

        Args:
            settings: where lake and Kafka are.
            airflow: where Airflow's API answers, host:port.
            clock: the time now, UTC.
        """
        return cls(
            live=Feed(settings.broker, clock),
            explore=Explorer(settings.lake, clock),
            report=ReportHistory(settings.lake, clock),
            quality=QualityHistory(settings.lake, clock),
            cameras=Registry(settings.lake, clock),
            pipeline=PipelineFacts(settings, airflow, clock),
        )

    def by_name(self) -> Mapping[str, Service]:
        """All of them by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
