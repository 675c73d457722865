"""Keeps tables small, files few and the disk free; checks Spark."""
