"""Contracts between programs: wire format, statuses, hours, names, sentences. Standard library only."""
