"""Notifications: mailings, notices, and the ledger of what became of each message."""
