"""The scenarios of the fault matrix, a module for each kind of fault."""
