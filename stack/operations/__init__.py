"""What people do to the system: start, stop, look, check and repair."""
