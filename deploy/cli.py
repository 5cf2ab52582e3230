"""The `wellheard` command. Each group of commands is a module of deploy/commands, imported when it is asked for."""

import sys


def main() -> None:
    """Entry point of `wellheard`."""
    if sys.argv[1:2] == ["run"] and len(sys.argv) == 3:
        # Nothing else may be imported before the runner: it patches the standard library.
        from deploy.run import run_process

        return run_process(sys.argv[2])
    from deploy.commands.app import app

    return app()
