"""The commands of `wellheard`, one module for each noun."""
