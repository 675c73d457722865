"""BATCH LAYER: completes, counts and publishes hours."""
