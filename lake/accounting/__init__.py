"""Accounts for every record, and says what is still to be done."""
