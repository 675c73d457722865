"""`status`: programs, outcomes of frames, and how far behind the stream is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lake.config.settings import LOOPBACK
from lake.contracts.statuses import QUARANTINED, SKIPPED
from lake.contracts.wire_format import Status as Outcome
from stack.airflow.components import API, address, airflow_home
from stack.airflow.credentials import passwords_file, read_passwords
from stack.operations.counts import captured, end_offsets, lag, read_lake
from stack.programs.health import health_problem, read_health
from stack.programs.processes import memory_mb
from stack.programs.programs import CAPTURE, DASHBOARD, KAFKA, KAFKAS, NAMES, SPARKS, STREAM, names
from stack.programs.supervision import ProgramState, Supervisor
from stack.programs.waiting import START_TIMEOUT_S
from stack.site.clock import Clock
from stack.site.installation import Installation

ADMIN = "admin"
STATE_NAMES = {"BACKOFF": "restarting", "EXITED": "restarting", "FATAL": "failed"}
"""The supervisor's states → ours, where they differ."""


@dataclass(frozen=True, slots=True)
class ProgramStatus:
    """One line of the table of programs.

    Attributes:
        name: of the program.
        state: running (and healthy), starting, unhealthy, restarting, failed, stopping, stopped.
        restarts: number since the system was started.
        rss_mb: memory of its process tree in MB, see `stack.programs.processes.memory_mb`.
        url: where it listens, or None.
    """

    name: str
    state: str
    restarts: int
    rss_mb: float
    url: str | None


@dataclass(frozen=True, slots=True)
class Login:
    """Login of Airflow for people; `passwords` is a file, user → password, that only its owner can read."""

    url: str
    user: str
    password: str
    passwords: str


@dataclass(frozen=True, slots=True)
class Status:
    """The whole system at one moment; `last_result_age_s` is in seconds, `lag` in records."""

    programs: list[ProgramStatus]
    frames: dict[str, int]
    lag: int | None
    last_result_age_s: float | None
    airflow: Login | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values, in the order of the fields."""
        return asdict(self)


def read_status(installation: Installation, clock: Clock) -> Status:
    """Read everything once; missing parts count as zero, None or stopped."""
    lake = read_lake(installation.settings.lake)
    ends = end_offsets(installation.settings.broker)
    frames = {
        "captured": captured(read_health(installation, CAPTURE)),
        "received": sum(ends.values()),
        "analysed": lake.total(Outcome.DETECTED),
        "skipped": lake.total(*SKIPPED),
        "corrupt": lake.total(*QUARANTINED),
        "expired": lake.expired,
    }
    behind = lag(ends, read_health(installation, STREAM))
    age = round((clock.now() - lake.newest).total_seconds(), 1) if lake.newest else None
    return Status(program_states(installation, clock), frames, behind, age, login(installation))


def login(installation: Installation) -> Login | None:
    """Return address, user and password of Airflow's administrator; None before its first start."""
    home = airflow_home(installation)
    password = read_passwords(home).get(ADMIN)
    return Login(address(installation), ADMIN, password, str(passwords_file(home))) if password else None


def program_states(installation: Installation, clock: Clock) -> list[ProgramStatus]:
    """Return the state of each program, in the order in which they start."""
    supervisor = Supervisor(installation)
    states = supervisor.states()
    programs = [] if installation.embedded else [_foreign_broker(installation, clock)]
    for name in (name for name in NAMES if name in states or name in names(installation)):
        state = states.get(name, ProgramState("STOPPED"))
        display_state = _display_state(installation, name, state, clock)
        url = _url(installation, name) if state.pid else None
        restarts = supervisor.restarts(name) if states else 0
        programs.append(
            ProgramStatus(name, display_state, restarts, memory_mb(state.pid) if state.pid else 0.0, url)
        )
    return programs


def _foreign_broker(installation: Installation, clock: Clock) -> ProgramStatus:
    state = "unhealthy" if health_problem(installation, KAFKA, clock) else "running"
    return ProgramStatus(KAFKA, state, 0, 0.0, installation.settings.kafka)


def _display_state(installation: Installation, name: str, state: ProgramState, clock: Clock) -> str:
    if state.state not in ("RUNNING", "STARTING"):
        return STATE_NAMES.get(state.state, state.state.lower())
    if health_problem(installation, name, clock, state.pid) is None:
        return "running"
    return "starting" if state.up_s < START_TIMEOUT_S else "unhealthy"


def _url(installation: Installation, name: str) -> str | None:
    if name in KAFKAS:
        return next((broker.address for broker in installation.brokers if broker.name == name), None)
    if name == API:
        return address(installation)
    if name in SPARKS:
        return f"http://{LOOPBACK}:{installation.cluster.page(name)}"
    if name == DASHBOARD:
        return f"http://{LOOPBACK}:{installation.dashboard_port}"
    return read_health(installation, name).get("ui")
