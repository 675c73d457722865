"""Reads and writes Delta tables."""
