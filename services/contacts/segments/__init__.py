"""Segments: which contacts a saved search finds, kept current by events."""
