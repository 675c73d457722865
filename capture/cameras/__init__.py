"""The list of cameras, and the commands that change it."""
