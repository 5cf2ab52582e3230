"""Runs a process in ordinary threads, without nameko and eventlet: one that does its own work and takes no queue.

It answers one request over the bus, CheckHealth, so that it is seen like every other service. SIGTERM and SIGINT stop
it: `run` of the service returns when what is in hand has been put down.
"""

import signal
import threading
import time
from functools import partial
from typing import Any, Protocol

import amqp
import orjson

from shared.contracts.base import CheckHealth, Health
from shared.logs import configure, get_logger
from shared.memory import settle_memory
from shared.messaging import broker, wire
from shared.messaging.answers import send_answer
from shared.messaging.broker import BROKER_ERRORS, Backoff, Publisher
from shared.messaging.building import build_when_possible
from shared.messaging.pulse import HEARTBEAT, Pulse
from shared.messaging.topology import Definitions
from shared.settings import Settings
from shared.vitals import STARTED_AT, resident_bytes, wellheard_version

log = get_logger()


class Worker(Protocol):
    """What is run: it works until it is told to stop."""

    name: str

    def run(self) -> None: ...

    def stop(self) -> None: ...

    def reason(self) -> str:
        """Why work waits at this moment; empty when none does."""
        ...


def run_plain(name: str, build: str, settings: Settings, topology: Definitions) -> None:
    """Run the worker that `build` (`module:function`) wires, until SIGTERM or SIGINT."""
    configure(name)
    broker.wait_for_broker(settings.amqp_url, partial(broker.declare, topology=topology), log)
    worker: Worker = build_when_possible(build, settings)
    settle_memory()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    threading.Thread(target=_Answers(worker, settings.amqp_url).run, name="health", daemon=True).start()
    log.info("service_started")
    worker.run()
    log.info("service_stopped")


class _Answers:
    """Answers CheckHealth for the worker."""

    def __init__(self, worker: Worker, url: str) -> None:
        self._worker = worker
        self._url = url
        self._publisher = Publisher(url, 2.0)

    def run(self) -> None:
        backoff = Backoff()
        while True:
            try:
                with broker.connection(self._url, HEARTBEAT) as opened, Pulse(opened) as pulse:
                    self._listen(opened.channel(), pulse)
            except BROKER_ERRORS as error:
                log.warning("rpc_waits", error=type(error).__name__)
                time.sleep(backoff.next())

    def _listen(self, channel: Any, pulse: Pulse) -> None:
        queue = f"rpc-{self._worker.name}"
        channel.exchange_declare(wire.EXCHANGE, "topic", durable=True, auto_delete=False)
        channel.queue_declare(queue, durable=True, auto_delete=False)
        channel.queue_bind(queue, wire.EXCHANGE, f"{self._worker.name}.*")
        channel.basic_consume(queue, no_ack=True, callback=self._answer)
        while True:
            pulse.listen(1.0)

    def _answer(self, message: amqp.Message) -> None:
        if message.delivery_info["routing_key"] != f"{self._worker.name}.{CheckHealth.method()}":
            return
        reason = self._worker.reason()
        health = Health(
            ok=not reason,
            reason=reason,
            version=wellheard_version(),
            started_at=STARTED_AT,
            resident_bytes=resident_bytes(),
        )
        body = orjson.dumps({"result": health.model_dump(mode="json"), "error": None})
        send_answer(self._publisher, body, message.properties)
