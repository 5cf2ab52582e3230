"""The report of the whole system: what it is, how it is gathered, and what an operator should do about it."""
