"""What programs agree on: the wire format, statuses, hours, names and sentences. Standard library only."""
