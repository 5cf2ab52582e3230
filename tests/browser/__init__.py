"""The pages in a real browser: what JavaScript adds, how they look at phone and desktop width, and axe."""
