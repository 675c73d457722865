"""`capture results`: the console client that shows and reads out results."""
