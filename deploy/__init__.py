"""Running Wellheard: the `wellheard` command, set-up, demo data."""
