"""`python -m stack` is the `pycturestream` command."""

from __future__ import annotations

from stack.cli.command import main

if __name__ == "__main__":
    main()
