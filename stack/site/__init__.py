"""This installation: settings, folders, ports and clusters."""
