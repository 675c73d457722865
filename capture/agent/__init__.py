"""The long-running agent: one session for each camera of the list."""
