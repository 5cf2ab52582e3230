"""Faults, and the proof that none of them loses or doubles what was said: `make faults`.

`scenarios/` has the matrix, `run.py` what a scenario works with, `producer.py` the partners and their ledgers,
`invariants.py` the look from outside, `system.py`, `processes.py` and `proxy.py` what can be damaged and how.
"""
