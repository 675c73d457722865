"""How every batch program starts, reads its arguments and ends."""
