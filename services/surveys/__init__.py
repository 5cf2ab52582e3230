"""Surveys: what people are asked, what they answer, and what comes of it."""
