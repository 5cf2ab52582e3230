"""What an operator runs beside what a scenario does."""

import subprocess
import sys

from tests.faults.run import Run


def rebuild(run: Run) -> "subprocess.Popen[bytes]":
    """`wellheard rebuild`, started; its last line of output is its answer in JSON."""
    command = [sys.executable, "-c", "from deploy.cli import main; main()", "rebuild", "--json"]
    environment = run.system.instance.environment | {"PYTHONPATH": str(run.system.code)}
    return subprocess.Popen(
        command, env=environment, cwd=run.system.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
