"""Published items, and newsletters that assemble themselves from them."""
