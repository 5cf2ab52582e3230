"""The broker's exchanges, queues and bindings: derived from the services' declarations, kept in a file.

Every process declares the whole file before it publishes or consumes anything, so that no event finds its queue
missing. `wellheard topology --write` writes it; a test compares it with the code.
"""

import importlib
import json
from pathlib import Path
from typing import Any, cast, get_type_hints

from deploy.processes import PROCESSES
from shared.messaging.declare import Declaration, declarations
from shared.messaging.topology import Definitions, definitions

FILE = Path(__file__).parent / "rabbitmq/definitions.json"


def load_definitions() -> Definitions:
    """The topology as the file has it; reading it imports no service."""
    return cast(Definitions, json.loads(FILE.read_text()))


def derive_definitions() -> Definitions:
    """The topology as the code declares it."""
    return definitions(entrypoints())


def write_definitions() -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(derive_definitions(), indent=2) + "\n")


def entrypoints() -> list[Declaration]:
    """The declarations of every service on the bus."""
    return [each for service in services() for each in declarations(service)]


def services() -> list[type[Any]]:
    """The class of every service on the bus: what its `build` says it returns."""
    builds = [build for name, build in PROCESSES.items() if name != "web"]
    return [get_type_hints(_find(build))["return"] for build in builds]


def _find(build: str) -> Any:
    module, _, function = build.partition(":")
    return getattr(importlib.import_module(module), function)
