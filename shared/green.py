"""Makes the standard library cooperative (eventlet) for a process that runs on nameko. Nothing may be imported before.

What has been imported before keeps its own locks: pydantic, for one, makes eventlet give up half way.
"""

import os
import warnings


def patch() -> None:
    """Patch once, with real threads still to be had from eventlet.tpool.

    Names of hosts are looked up by the system itself, with its hosts file and search domains: to load eventlet's own
    resolver was a tenth of the start. Connections are made at the start and after an outage, when nobody waits.
    """
    os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and given with nameko
        import eventlet

    eventlet.monkey_patch()
