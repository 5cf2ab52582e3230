"""Who has which role where: dated relationships between contacts."""
