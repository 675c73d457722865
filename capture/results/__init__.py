"""`results`: the console client that shows and speaks what was found."""
