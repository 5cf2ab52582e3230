"""Deliberate breakages of the code, in a copy of it: for a bad deploy, and to prove that the harness catches them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("services", "shared", "deploy")


@dataclass(frozen=True, slots=True)
class Breakage:
    """One replacement in one file. A test sees that the old text still stands there, once."""

    name: str
    file: str
    old: str
    new: str


BAD_DEPLOY = {
    "events": Breakage(
        "events fails on every message",
        "services/events/ingestion.py",
        '        """The events to publish, once everything is stored."""\n',
        '        raise TypeError("a bad deploy")\n',
    ),
    "history-projector": Breakage(
        "the projector fails on every message",
        "services/history/projector.py",
        '        """Acknowledged once the events are in the log: from there the index can always be made."""\n',
        '        raise TypeError("a bad deploy")\n',
    ),
}

FAULTY_TITLE = "Fails"
FAULTY_HANDLER = Breakage(
    "events fails on some messages",
    "services/events/ingestion.py",
    '        """The events to publish, once everything is stored."""\n',
    f'        if any("{FAULTY_TITLE}" in str(each.content) for each in batch):\n'
    '            raise TypeError("a fault")\n',
)

MUTATIONS = {
    "ack-before-store": Breakage(
        "messages are acknowledged before they are stored",
        "shared/messaging/consumer.py",
        "                self._finish(batch, pulse)\n",
        "                channel.basic_ack(batch[-1].delivery_tag, multiple=True)\n"
        "                self._finish(batch, pulse)\n                continue\n",
    ),
    "no-dedupe": Breakage(
        "an event that comes again is another engagement",
        "services/events/domain.py",
        "    key = orjson.dumps([partner, source, external_id])\n",
        "    key = __import__('os').urandom(16)\n",
    ),
    "outbox-before-confirm": Breakage(
        "events leave the outbox before the broker has confirmed them",
        "shared/messaging/relay.py",
        '            failpoints.reach("relay.before_publish")\n',
        "            self._outbox.forget([(key, envelope.id) for key, envelope in pending])\n"
        '            failpoints.reach("relay.before_publish")\n',
    ),
    "swap-before-catch-up": Breakage(
        "a rebuilt index serves before it has caught up with the log",
        "services/history/projector.py",
        '        """Fold the log into the index, up to the last event that was appended."""\n',
        "        return\n",
    ),
    "batch-parks-all": Breakage(
        "one bad message parks its whole batch",
        "shared/messaging/consumer.py",
        "            return self._handle_singly(readable)\n        self._alike = 0\n",
        "            return [self._copy(m, parked(self._declaration.queue), 'failed') for m, _ in readable]\n"
        "        self._alike = 0\n",
    ),
}


def broken_copy(code: Path, into: Path, *breakages: Breakage) -> Path:
    """A copy of the code with the breakages in it; returns its folder."""
    for package in PACKAGES:
        shutil.copytree(code / package, into / package, ignore=shutil.ignore_patterns("__pycache__"))
    if not (into / "node_modules").exists():
        (into / "node_modules").symlink_to(code / "node_modules")
    for each in breakages:
        path = into / each.file
        text = path.read_text()
        if text.count(each.old) != 1:
            raise ValueError(f"{each.file} does not hold once: {each.old!r}")
        path.write_text(text.replace(each.old, each.new))
    return into
