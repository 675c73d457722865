"""Accounting of every record, and of the work that is still to be done."""
