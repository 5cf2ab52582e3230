"""Events: engagements, partner ingestion and the quarantine."""
