"""The broker dies under the agent and the stream."""

from __future__ import annotations

import re

import pytest

from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.system import System
from stack.kafka.broker import why_not_ready

pytestmark = pytest.mark.system


def test_a_broker_killed_under_agent_and_stream_loses_no_acknowledged_frame(system: System) -> None:
    agent = system.program("capture", "capture", "run", "--source", "demo", "--camera", "outage",
                           "--fps", "5")  # fmt: skip
    began = received(system)
    agent.start()
    system.wait("frames of the agent", lambda: received(system) >= began + 15)
    system.broker.program.kill()
    wait_for("word of the agent that the broker is away", lambda: agent.said("WARNING", "broker"))
    system.broker.program.start()
    wait_for("broker that answers", lambda: not why_not_ready(system.broker.address))
    again = received(system)
    system.wait("frames sent after the outage", lambda: received(system) >= again + 15)
    assert agent.stop() == 0
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    said = counters(agent.lines())
    kept = {row["frame_id"] for row in system.rows("frames") if row["camera_id"] == "outage"}
    assert said["acknowledged"] <= len(kept) <= said["acknowledged"] + said.get("unknown", 0), said
    assert said.pop("captured") == sum(said.values())


def received(system: System) -> int:
    """Records that the broker has ever had."""
    return sum(system.ends().values())


def counters(lines: list[str]) -> dict[str, int]:
    """The agent's last word on what became of its pictures."""
    summary = next(line for line in reversed(lines) if " captured" in line)
    return {name: int(count) for count, name in re.findall(r"(\d+) ([a-z]+)(?:, |$)", summary)}
