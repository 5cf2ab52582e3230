"""Messages as they should not be: unreadable, too large, too deep, twice, out of order, from the wrong century."""

import json
from datetime import UTC, datetime, timedelta

import orjson

from deploy import queues
from shared.contracts.events import REPORTED
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.topology import EVENTS, INBOUND
from shared.mongo import connect
from tests.builders import a_cloudevent, recorded
from tests.faults.broken import BAD_DEPLOY, FAULTY_HANDLER, FAULTY_TITLE, broken_copy
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.waiting import wait_until

TIMELINE = "history.timeline"
FOLLOWERS = ("contacts.segments", "surveys.contributions", TIMELINE)
"""Queues that engagements are published to."""


def _publish(run: Run, *messages: Outgoing) -> None:
    publisher = Publisher(run.system.settings.amqp_url)
    publisher.publish(messages)
    publisher.close()


@scenario("poison messages among good ones: parked with their reason, neighbours unharmed, replayable", fresh=True)
def poison(run: Run) -> None:
    wrong_type = json.dumps(a_cloudevent(type="wellheard.engagement.recorded.v9")).encode()
    bad = [
        Outgoing("", INBOUND, b"\x00\xffnot json"),
        Outgoing("", INBOUND, b"[]"),
        Outgoing("", INBOUND, json.dumps(a_cloudevent()).encode()),  # from nobody
        Outgoing("", TIMELINE, b'{"half":'),
        Outgoing(EVENTS, "engagement.recorded", wrong_type),
        Outgoing("", TIMELINE, json.dumps(a_cloudevent(type="wellheard.engagement.recorded.v1")).encode()),
    ]
    run.chance.shuffle(bad)
    with run.load(100):
        for each in bad:
            _publish(run, each)
            run.pause(0.1, 0.6)
        run.healed()
    # What is published goes to everybody who follows engagements, and each of them parks it.
    expected = run.parked_expected = len(bad) - 1 + len(FOLLOWERS)
    run.settle()
    replayed = queues.replay(run.system.settings, lambda each: True)
    run.expect(replayed == expected, f"{replayed} of {expected} parked messages could be replayed")
    # They are as bad as before, and come to rest in the same place.
    run.expect(wait_until(lambda: _parked(run) == expected, 20), "replayed poison is not parked again")


@scenario("one message of a batch fails in the handler: it alone is tried again, and it alone is parked", fresh=True)
def faulty_batch(run: Run) -> None:
    processes = run.system.processes
    faulty = broken_copy(run.system.code, run.system.folder / "faulty", FAULTY_HANDLER)
    processes.stop("events")
    processes.start("events", PYTHONPATH=str(faulty))
    run.system.wait_ready(30)
    bad = [run.producer.new_event(title=f"{FAULTY_TITLE} {number}") for number in range(3)]
    with run.load(100):
        for each in bad:
            run.producer.post([each])
            run.pause(0.2, 0.5)
        run.pause(2)
        run.expect(_parked(run) == 0, "a message was parked after its first failure")
        processes.stop("events")
        processes.start("events")  # with the fix, before the last of their tries
        run.healed()
        run.wait_ready_again()


def _parked(run: Run) -> int:
    return sum(depth for name, depth in queues.depths(run.system.settings).items() if name.endswith(".parked"))


@scenario(
    "a bad deploy of events: every message fails; it pauses, parks nothing, and goes on after the fix", fresh=True
)
def bad_deploy_events(run: Run) -> None:
    _bad_deploy(run, "events")


@scenario("a bad deploy of the projector", fresh=True)
def bad_deploy_projector(run: Run) -> None:
    _bad_deploy(run, "history-projector")


def _bad_deploy(run: Run, service: str) -> None:
    run.drain_limit = 60.0
    processes = run.system.processes
    broken = broken_copy(run.system.code, run.system.folder / "bad", BAD_DEPLOY[service])
    with run.load(60):
        run.pause(1, 2)
        processes.stop(service)
        processes.start(service, PYTHONPATH=str(broken))
        run.pause(run.outage)
        status, body = run.system.get("/ready")
        run.expect(status == 503 and b"paused" in body, f"/ready says {status} while {service} is paused")
        processes.stop(service)
        processes.start(service)
        run.healed()
        run.wait_ready_again()
    run.expect(_parked(run) == 0, f"{_parked(run)} messages were parked by a bad deploy")


@scenario("every event three times, shuffled, with gaps")
def thrice(run: Run) -> None:
    events = [run.producer.new_event() for _ in range(300)]
    sent = [each for each in events for _ in range(3)]
    run.chance.shuffle(sent)
    while sent:
        size = run.chance.choice((1, 1, 5, 40))
        run.producer.post(sent[:size])
        del sent[:size]
        if run.chance.random() < 0.1:
            run.pause(0.1, 0.8)
    run.healed()


@scenario("the same id with another body: the first stays, the other waits in quarantine")
def same_id_other_body(run: Run) -> None:
    events = [run.producer.new_event() for _ in range(60)]
    with run.load(30):
        for each in events:
            run.producer.post([each])
        run.settle_for(events)
        for each in events:
            other = {**each, "data": {**each["data"], "body": "Said otherwise."}}
            run.expect(run.producer.post([other]) == 202, "a conflict is not answered 202")
            run.producer.post([each])
        run.healed()
    run.settle()
    conflicts = run.quarantined(conflict=True)
    run.expect(conflicts == len(events), f"{conflicts} of {len(events)} conflicts are in quarantine")


@scenario("the producers' clocks a day off, either way")
def producer_clocks(run: Run) -> None:
    now = datetime.now(UTC)
    with run.load(30):
        for days in (-1, 1, 3):
            for _ in range(40):
                event = run.producer.new_event() | {"time": (now + timedelta(days=days)).isoformat()}
                run.expect(run.producer.post([event]) == 202, "an event with another clock is not answered 202")
        run.healed()
    run.settle()
    run.expect(
        run.quarantined() == 40,
        f"{run.quarantined()} events are in quarantine; the 40 from three days ahead belong there",
    )


@scenario("bodies of 10 MB, JSON nested 10,000 deep, 100,000 topics, over HTTP and over AMQP", fresh=True)
def oversize(run: Run) -> None:
    amqp = run.new_amqp_producer("Loud partner")
    deep = b'{"specversion":"1.0","id":"deep","source":"/s","type":"' + REPORTED.encode() + b'","data":'
    deep += b"[" * 10_000 + b"]" * 10_000 + b"}"
    topics = run.producer.new_event(topics=[f"topic {number}" for number in range(100_000)])
    huge = run.producer.new_event(body="x" * 10_000_000)
    with run.load(60):
        run.pause(1)
        run.expect(run.producer.send(deep) == 400, "deep JSON is not 400")
        run.expect(run.producer.post([topics]) == 202, "many topics are not taken and quarantined")
        run.expect(run.producer.send(json.dumps(huge).encode()) == 413, "10 MB are not 413")
        for body in (deep, json.dumps(huge).encode(), json.dumps(huge | {"id": "h2", "x": "y" * 8_000_000}).encode()):
            amqp.post_raw(body)
        amqp.post(topics | {"id": f"{run.prefix}-amqp"})
        run.pause(2)
        run.healed()
        run.wait_ready_again()
    run.parked_expected = 3
    run.settle()
    run.expect(run.quarantined() == 2, f"{run.quarantined()} of the 2 events with 100,000 topics are in quarantine")
    ends = {name: run.system.processes.ends(name) for name in ("web", "events", "history-projector")}
    run.expect(not any(ends.values()), f"processes ended: {ends}")


@scenario("event versions mixed: v1, v1 with fields of a newer writer, and an unknown v9", fresh=True)
def versions(run: Run) -> None:
    with run.load(60):
        for number in range(40):
            event = run.producer.new_event() | {"type": f"wellheard.engagement.reported.v{9 - number % 2}"}
            run.expect(run.producer.post([event]) == 202, "an event of an unknown version is not answered 202")
        unknown = [orjson.loads(recorded(title=f"v9 {number}").to_bytes()) for number in range(40)]
        unknown = [each | {"type": "wellheard.engagement.recorded.v9"} for each in unknown]
        _publish(run, *[Outgoing(EVENTS, "engagement.recorded", orjson.dumps(each)) for each in unknown])
        run.healed()
    run.parked_expected = len(unknown) * len(FOLLOWERS)
    run.settle()
    # What is in the history comes again, as a newer version of the events service would publish it.
    stored = connect(run.system.settings, "events")["engagements"].find({}).limit(40)
    newer = [
        each["recorded"] | {"newattribute": "x", "data": {**each["recorded"]["data"], "new": 1}} for each in stored
    ]
    _publish(run, *[Outgoing(EVENTS, "engagement.recorded", orjson.dumps(each)) for each in newer])
    run.settle()
    run.expect(run.quarantined() == 40, f"{run.quarantined()} of 40 events of unknown versions are in quarantine")
