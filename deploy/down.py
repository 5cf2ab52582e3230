"""`make down` stops the instance of this state directory and keeps its data; with `--reset` it throws them away."""

import os
import sys
from pathlib import Path

from rich.console import Console

from deploy.instance import Instance
from deploy.supervision import NotStarted

console = Console(highlight=False)


def main() -> None:
    instance = Instance(Path(os.environ.get("WELLHEARD_STATE_DIR", ".wellheard")))
    if not instance.exists:
        return console.print(f"There is no instance in {instance.state_dir}.")
    try:
        if "--reset" in sys.argv[1:]:
            instance.remove()
            return console.print("Wellheard has stopped, and all its data is gone.")
        instance.stop()
    except NotStarted as error:
        sys.exit(str(error))
    return console.print("Wellheard has stopped. Its data is kept: `make up` starts it again.")


if __name__ == "__main__":
    main()
