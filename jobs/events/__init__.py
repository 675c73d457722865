"""Event files of the first version, into the lake and out of it."""
