"""The tables and their columns. Standard library only."""
