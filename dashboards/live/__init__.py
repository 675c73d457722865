"""Live: the newest picture of each camera."""
