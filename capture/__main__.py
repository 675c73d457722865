"""`python -m capture`: the agent, its cameras and the results client."""

from __future__ import annotations

from capture.command import app

if __name__ == "__main__":
    app(prog_name="capture")
