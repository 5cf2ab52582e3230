"""What one instance is doing, for `wellheard status`: its processes here, and the report of the whole system.

The report is the one that the page `/status` shows; it is gathered anew, so it is there while the web is down.
"""

import asyncio
import urllib.error
import urllib.request
from dataclasses import dataclass

from deploy.instance import Instance
from services.web.keys import KeyRing
from shared.messaging.aio import AioBus
from shared.mongo import connect
from shared.settings import Settings
from shared.system.gather import Reporter
from shared.system.report import Process, SystemReport


@dataclass(frozen=True, slots=True)
class Status:
    """`supervised`: the states that supervisord tells of the processes on this machine; empty when it does not run."""

    address: str
    ready: bool
    supervised: dict[str, str]
    report: SystemReport


def read_status(settings: Settings) -> Status:
    """Everything at a glance; a part that does not answer is told as such."""
    instance = Instance(settings.state_dir)
    return Status(
        settings.public_url,
        instance.is_ready(),
        instance.supervisor.states() if instance.supervisor.is_running() else {},
        asyncio.run(_report(settings)),
    )


async def _report(settings: Settings) -> SystemReport:
    web = Process(name="web", state="ok" if _web_answers(settings) else "no answer")
    async with AioBus(settings) as bus:
        return await Reporter(bus, KeyRing(connect(settings, "web")).check_store, lambda: web).report()


def _web_answers(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
