"""Data that the pages read from lake and broker, without a JVM."""
