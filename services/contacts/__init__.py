"""Contacts: the people and organisations we know."""
