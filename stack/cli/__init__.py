"""The `pycturestream` command and what it prints."""
