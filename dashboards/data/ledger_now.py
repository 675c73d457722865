"""Ledger of the records that are old enough to have been archived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lake.accounting.ledger import Ledger, balance
from lake.config.settings import Settings
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.kafka.broker import offsets_at, topic_ids

ARCHIVE_TIMEOUT: Final = timedelta(minutes=2)
"""The archives commit every 2 and every 15 s; a busy machine, or a stream that just began, takes longer."""


@dataclass(frozen=True, slots=True)
class RecentLedger:
    """Accounts of all records that the broker had appended before `until`, UTC."""

    ledger: Ledger
    until: datetime


def ledger_now(settings: Settings, now: datetime) -> RecentLedger:
    """Read the broker's offsets of a while ago, and compare the tables with them.

    Args:
        settings: where the broker and the lake are.
        now: UTC.

    Raises:
        BrokerAwayError: the broker does not answer.
        TopicMissingError: it has no topic of frames.
        LedgerTableMissingError: a table does not exist.
    """
    until = now - ARCHIVE_TIMEOUT
    topic_id = topic_ids(settings.broker, [FRAMES_TOPIC])[FRAMES_TOPIC]
    ends = offsets_at(settings.broker, FRAMES_TOPIC, [until])[until]
    return RecentLedger(balance(settings.lake, topic_id, ends), until)
