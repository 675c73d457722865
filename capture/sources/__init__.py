"""Where pictures come from: webcams, streams, files, folders and a test pattern."""
