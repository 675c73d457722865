"""The quality gate: expectations on counted hours, audited with Great Expectations."""
