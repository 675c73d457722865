"""Report: counts over time, clock, label and place."""
