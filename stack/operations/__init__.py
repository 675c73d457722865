"""Operations on the system: start, stop, status, checks and repair."""
