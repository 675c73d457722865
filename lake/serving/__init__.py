"""Asks the views without a JVM."""
