"""Demo data: an invented English county and three years of what its people said, the same for the same seed."""
