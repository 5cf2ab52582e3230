"""Makes the standard library cooperative (eventlet) for a process that runs on nameko. Nothing may be imported before.

What has been imported before keeps its own locks: pydantic, for one, makes eventlet give up half way.
"""

import warnings


def patch() -> None:
    """Patch once, with real threads still to be had from eventlet.tpool."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and given with nameko
        import eventlet

    eventlet.monkey_patch()
