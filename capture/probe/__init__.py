"""`capture probe`: which cameras are there, and why one gives no picture."""
