"""History: the log of everything that was said, and the search over it."""
