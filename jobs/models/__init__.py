"""Converts published models into model folders."""
