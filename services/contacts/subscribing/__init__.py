"""Asking for messages on the public page, with double opt-in."""
