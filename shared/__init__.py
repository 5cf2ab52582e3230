"""What every service shares: contracts, messaging, stores, settings, logs and errors."""
