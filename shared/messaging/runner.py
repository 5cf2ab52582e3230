"""Runs one service: nameko answers its RPC, our consumers take its queues, and SIGTERM drains before it closes.

The standard library has been patched (shared.green) before this module is imported.
"""

import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import eventlet
import kombu.serialization
import orjson
import structlog
from nameko.constants import AMQP_URI_CONFIG_KEY, MAX_WORKERS_CONFIG_KEY
from nameko.rpc import rpc as nameko_rpc
from nameko.runners import ServiceRunner
from pydantic import ValidationError

from shared import failpoints
from shared.contracts.base import CheckHealth, new_id
from shared.errors import Invalid, Unavailable, WellheardError, known
from shared.logs import configure, get_logger
from shared.memory import give_back_memory, settle_memory
from shared.messaging import broker
from shared.messaging.answering import harden
from shared.messaging.building import build_when_possible
from shared.messaging.consumer import BatchConsumer
from shared.messaging.declare import Declaration, declarations
from shared.messaging.health import read_health
from shared.messaging.relay import Relay
from shared.messaging.topology import Definitions
from shared.settings import Settings

log = get_logger()
WORKERS = 20
GIVE_BACK = 20.0
"""Seconds between the times that freed memory goes back to the system."""
DRAIN = 20.0
"""Seconds that calls and batches in hand may take after SIGTERM."""


def run_service(name: str, build: str, settings: Settings, topology: Definitions) -> None:
    """Run the service that `build` (`module:function`) wires, until SIGTERM or SIGINT.

    Waits for the broker and the store as long as it takes; every queue of the system stands before the first message.
    """
    configure(name)
    kombu.serialization.register("json", orjson.dumps, orjson.loads, "application/json", "utf-8")
    broker.wait_for_broker(settings.amqp_url, partial(broker.declare, topology=topology), log)
    service = build_when_possible(build, settings)
    settle_memory()
    _Process(service, settings).run()


class _Process:
    """The service's consumers, timers, relay and RPC, started together and drained together."""

    def __init__(self, service: Any, settings: Settings) -> None:
        self._service = service
        self._stopped = eventlet.event.Event()
        self._draining = eventlet.event.Event()
        mine = declarations(service)
        self._consumers = [
            BatchConsumer(
                settings.amqp_url, each, _with_correlation(getattr(service, each.handler)), settings.amqp_user
            )
            for each in mine
            if each.how == "batch"
            for _ in range(each.consumers)
        ]
        self._timers = [each for each in mine if each.how == "every"]
        outbox = getattr(service, "outbox", None)
        self._relay = Relay(settings.amqp_url, outbox) if outbox is not None else None
        harden()
        config = {AMQP_URI_CONFIG_KEY: settings.amqp_url, MAX_WORKERS_CONFIG_KEY: WORKERS}
        self._rpc = ServiceRunner(config)
        self._rpc.add_service(self._nameko_class([each for each in mine if each.how == "rpc"]))

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopped.ready() or self._stopped.send(None))
        self._rpc.start()
        running = [eventlet.spawn(consumer.run) for consumer in self._consumers]
        running += [eventlet.spawn(self._tick, each) for each in self._timers]
        if self._relay is not None:
            running.append(eventlet.spawn(self._relay.run))
        for green in [*running, eventlet.spawn(self._rpc.wait), eventlet.spawn(_give_back_memory)]:
            green.link(self._ended)
        log.info("service_started")
        try:
            self._stopped.wait()
        finally:
            self._drain(running)
        log.info("service_stopped")

    def _ended(self, green: Any) -> None:
        """A part that ends by itself has failed: the process ends with it, and is started again."""
        try:
            green.wait()
        except Exception as error:
            log.error("part_failed", exc_info=error)
            if not self._stopped.ready():
                self._stopped.send_exception(SystemExit(1))

    def _drain(self, running: list[Any]) -> None:
        """Finish what is in hand and acknowledge it; only then close."""
        self._draining.send(None)
        for consumer in self._consumers:
            consumer.stop()
        with eventlet.Timeout(DRAIN, False):
            self._finish_calls()
            if self._relay is not None:
                self._relay.stop()
            for green in running:
                if not green.dead:
                    green.wait()
        with eventlet.Timeout(5, False):
            self._rpc.stop()
        close = getattr(self._service, "close", None)
        if close is not None:
            close()

    def _finish_calls(self) -> None:
        # nameko closes its connection while workers still run, and their acknowledgements are lost. So the consumer
        # is cancelled first (nowait: its own greenthread is reading), then the workers end, then nameko stops.
        for container in self._rpc.containers:
            for extension in container.subextensions:
                for consumer in getattr(extension, "_consumers", {}).values():
                    for tag in list(consumer._active_tags.values()):
                        consumer.channel.basic_cancel(tag, nowait=True)
            eventlet.sleep(0.05)
            container._worker_pool.waitall()

    def _tick(self, declaration: Declaration) -> None:
        method = getattr(self._service, declaration.handler)
        while not self._draining.ready():
            try:
                method()
            except Exception as error:
                if broker.is_unavailable(error):
                    log.warning("timer_waits", handler=declaration.handler, error=type(error).__name__)
                else:
                    log.error("timer_failed", handler=declaration.handler, exc_info=error)
            with eventlet.Timeout(declaration.seconds, False):  # one that comes once an hour does not hold up the end
                self._draining.wait()

    def _nameko_class(self, methods: list[Declaration]) -> type:
        expected = nameko_rpc(expected_exceptions=(WellheardError,))
        namespace: dict[str, Any] = {"name": self._service.name, "check_health": expected(self._check_health())}
        for declaration in methods:
            namespace[declaration.handler] = expected(self._answer(declaration))
        return type(self._service.name, (), namespace)

    def _answer(self, declaration: Declaration) -> Callable[[Any, Any], Any]:
        method = getattr(self._service, declaration.handler)
        request_class = declaration.request
        assert request_class is not None

        def answer(_worker: Any, content: Any, correlation_id: str = "") -> Any:
            with structlog.contextvars.bound_contextvars(correlation_id=correlation_id or new_id()):
                return self._call(method, request_class, content)

        answer.__name__ = declaration.handler
        return answer

    def _call(self, method: Callable[[Any], Any], request_class: Any, content: Any) -> Any:
        try:
            request = request_class.model_validate(content, extra="ignore")
            failpoints.reach("rpc.before_call")
            answer = method(request).model_dump(mode="json")
            failpoints.reach("rpc.before_answer")
            return answer
        except WellheardError as error:
            raise known(error) from None
        except ValidationError as error:
            raise Invalid(_first_rule(error)) from None
        except Exception as error:
            if broker.is_unavailable(error):
                log.warning("call_unavailable", method=method.__name__, error=type(error).__name__)
                raise Unavailable(f"The {self._service.name} service cannot reach what it needs.") from None
            log.error("call_failed", method=method.__name__, exc_info=error)
            raise WellheardError(f"The {self._service.name} service failed.") from None
        finally:
            if self._relay is not None:
                self._relay.wake()

    def _check_health(self) -> Callable[[Any, Any], Any]:
        def check_health(_worker: Any, content: Any, correlation_id: str = "") -> Any:
            return read_health([each.health() for each in self._consumers], self._service).model_dump(mode="json")

        assert CheckHealth.method() == check_health.__name__
        return check_health


def _give_back_memory() -> None:
    while True:
        eventlet.sleep(GIVE_BACK)
        give_back_memory()


def _first_rule(error: ValidationError) -> str:
    """The first broken rule as a sentence, without the value (it may be personal)."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _with_correlation(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Logs of a handler carry the correlation id of its message, or of each message of a small batch."""

    def handle(items: Any) -> Any:
        batch = items if isinstance(items, list) else [items]
        ids = [each for item in batch[:20] if (each := getattr(item, "correlationid", None))]
        with structlog.contextvars.bound_contextvars(correlation_id=ids[0] if len(set(ids)) == 1 else ids):
            log.info("batch", handler=handler.__name__, size=len(batch))
            return handler(items)

    return handle
