"""`make faults-mutations`: breaks the code on purpose, and shows that the harness catches each breakage.

Each breakage is made in a copy of the code; the scenario that must catch it is played on that copy, and passes on the
code as it is.
"""

import sys
import tempfile
from pathlib import Path

from deploy.instance import CHECKOUT
from tests.faults.__main__ import Stage
from tests.faults.broken import MUTATIONS, broken_copy
from tests.faults.registry import OUTAGE, matrix
from tests.faults.results import Result
from tests.faults.scenarios.kills import POINTS
from tests.faults.system import Servers, private_servers

CAUGHT_BY = {
    "ack-before-store": ("kill-events", (0, 5, 8)),
    "no-dedupe": ("thrice", (0,)),
    # Killed between the clean-up of the outbox and the confirm.
    "outbox-before-confirm": (
        "kill-contacts",
        tuple(POINTS["contacts"].index(each) for each in ("relay.before_publish", "publisher.unconfirmed")),
    ),
    "swap-before-catch-up": ("rebuild-live", (0,)),
    "batch-parks-all": ("faulty-batch", (0,)),
}
"""The scenario, and the seeds of which at least one must fail."""


def main() -> int:
    caught = 0
    with private_servers() as servers, tempfile.TemporaryDirectory(prefix="wellheard-broken-") as folder:
        for name, mutation in MUTATIONS.items():
            scenario, seeds = CAUGHT_BY[name]
            code = broken_copy(CHECKOUT, Path(folder) / name, mutation)
            failed = _first_failure(servers, scenario, seeds, code)
            caught += failed is not None
            told = failed.problems[0] if failed else "NOT CAUGHT"
            print(f"{name} ({mutation.name}), by {scenario}: {told}", flush=True)
    print(f"faults-mutations: {caught} of {len(MUTATIONS)} breakages caught", flush=True)
    return 0 if caught == len(MUTATIONS) else 1


def _first_failure(servers: Servers, scenario: str, seeds: tuple[int, ...], code: Path) -> Result | None:
    """The first run that finds something lost, doubled or in limbo; a run that breaks off has caught nothing."""
    entry = matrix()[scenario]
    for seed in seeds:
        with Stage(servers, code) as stage:
            for result in stage.play(entry, [(scenario, seed, OUTAGE)]):
                if any(problem[:2] in ("I1", "I2", "I3", "I4", "I5", "I6") for problem in result.problems):
                    return result
    return None


if __name__ == "__main__":
    sys.exit(main())
