"""The index port and its adapters."""
