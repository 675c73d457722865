"""Reading and writing of Delta tables."""
