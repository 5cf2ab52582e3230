"""Faults, and the proof that none of them loses or doubles what was said: `make faults`."""
