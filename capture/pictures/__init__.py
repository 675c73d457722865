"""Pictures at the agent: encoded, masked, compared, and checked for a frozen camera."""
