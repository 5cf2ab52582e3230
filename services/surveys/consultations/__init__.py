"""Consultations: asking around a decision, and telling what came of it."""
