"""The name of this machine for Airflow, which fetches the log of a running task from there."""

from __future__ import annotations


def loopback() -> str:
    """Always loopback, where the log server listens and nobody else can."""
    return "127.0.0.1"
