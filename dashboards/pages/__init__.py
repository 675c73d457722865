"""One module per page; each registers itself and wires what it shows."""
