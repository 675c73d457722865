"""`capture probe`: finds the cameras, and why one gives no picture."""
