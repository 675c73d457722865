"""Explore: single objects, and the frame behind each."""
