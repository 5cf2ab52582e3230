"""Wires a service as soon as what it needs answers."""

import importlib
import time
from typing import Any

from shared.logs import get_logger
from shared.messaging import broker
from shared.messaging.client import RpcClient
from shared.settings import Settings

log = get_logger()


def build_when_possible(build: str, settings: Settings) -> Any:
    """What `build` (`module:function`) makes; waits for the store as long as it takes."""
    module, _, function = build.partition(":")
    made, backoff = getattr(importlib.import_module(module), function), broker.Backoff()
    while True:
        try:
            return made(settings, RpcClient(settings))
        except Exception as error:
            if not broker.is_unavailable(error):
                raise
            log.warning("store_away", error=type(error).__name__)
            time.sleep(backoff.next())  # under the runner this is eventlet's
