"""Sources of pictures: webcams, streams, files, folders and a test pattern."""
