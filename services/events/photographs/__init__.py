"""Photographs that belong to engagements."""
