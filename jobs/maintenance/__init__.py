"""Maintenance: keep tables small, files few and the disk free; check Spark."""
