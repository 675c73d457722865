"""Synthetic history, for a lake that has none yet."""
