"""Runs one process of an instance in the foreground: what supervisord starts."""

import importlib

from deploy.processes import PLAIN, PROCESSES


def run_process(name: str) -> None:
    """Run the process `name` of deploy/processes.py until SIGTERM."""
    if name not in PROCESSES:
        raise SystemExit(f"There is no process {name}. There are: {', '.join(PROCESSES)}.")
    if name in PLAIN:
        return _run_plain(name)
    return _run_web(PROCESSES[name]) if name == "web" else _run_service(name)


def _run_plain(name: str) -> None:
    from deploy.topology import load_definitions
    from shared.messaging.plain import run_plain
    from shared.settings import get_settings

    run_plain(name, PROCESSES[name], get_settings(), load_definitions())


def _run_service(name: str) -> None:
    from shared.green import patch

    patch()
    # Not before now: what is imported before the patch is not patched.
    from deploy.topology import load_definitions
    from shared.messaging.runner import run_service
    from shared.settings import get_settings

    run_service(name, PROCESSES[name], get_settings(), load_definitions())


def _run_web(build: str) -> None:
    from services.web.serving import serve
    from shared.logs import configure
    from shared.memory import settle_memory
    from shared.settings import get_settings

    configure("web", collected=True)
    settings = get_settings()
    module, _, function = build.partition(":")
    app = getattr(importlib.import_module(module), function)(settings)
    settle_memory()
    serve(app, settings)
