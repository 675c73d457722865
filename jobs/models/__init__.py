"""Convert published models into model folders."""
