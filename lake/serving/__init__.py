"""Queries of the views without a JVM."""
