"""Fetches what the system needs, each file checked by SHA-256."""
