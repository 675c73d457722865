"""The supervised programs: configuration, processes, health and logs."""
