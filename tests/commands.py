"""The `wellheard` command, run on an instance as an operator runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.instance import Instance

COMMAND = str(Path(sys.executable).parent / "wellheard")


def wellheard(instance: Instance, *arguments: str, expect: int = 0) -> str:
    """What it printed; fails when it ends with another status than expected."""
    done = subprocess.run(
        [COMMAND, *arguments], env=instance.environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


def answer(instance: Instance, *arguments: str) -> Any:
    """What it answers in JSON."""
    return json.loads(wellheard(instance, *arguments, "--json"))
