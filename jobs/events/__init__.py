"""Import and export of the first version's event files."""
