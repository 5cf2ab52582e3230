"""Consultations, from the plan to what came of it."""
