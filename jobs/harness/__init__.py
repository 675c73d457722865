"""Harness of the batch programs: arguments, settings, start and end."""
