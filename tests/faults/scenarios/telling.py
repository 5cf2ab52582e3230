"""What people are told while whoever tells them is killed: of a consultation, an answer, a place at a meeting."""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

from shared.contracts.base import new_id
from shared.contracts.cases import AnswerCase, CaseAnswered, GetHandled, OpenCase
from shared.contracts.contacts import NewContact, RegisterContact
from shared.contracts.events import RecordEngagement, Reported
from shared.contracts.meetings import (
    CancelPlace,
    GetMeetingPeople,
    MeetingPlan,
    PlanMeeting,
    RegisterForMeeting,
    Registration,
)
from shared.errors import Unavailable
from shared.mongo import connect
from tests.faults.hearing import PEOPLE, TOOK_PART, hearing
from tests.faults.office import Postbox, ask
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.waiting import wait_until

ANNOUNCING = (
    *("rules.after_take", "rules.after_audience", "rules.before_hand_over"),
    *("consumer.before_handle", "consumer.before_ack", "store.before_insert", "store.mid_bulk", "store.after_insert"),
)
"""Where notifications can be while it finds out whom to tell, and hands it to the sender."""
COMMANDS = ("rpc.before_call", "rpc.before_answer", "store.before_insert", "store.after_insert")
RELAY = ("relay.before_publish", "publisher.unconfirmed", "relay.before_forget", "relay.after_forget")
ANSWERING = (
    *(("events", each) for each in ("rpc.before_call", "rpc.before_answer", *RELAY)),
    *(("notifications", each) for each in ("consumer.before_handle", "consumer.before_ack", "store.after_insert")),
)
REGISTERING = (
    *(("events", each) for each in ("rpc.before_call", "rpc.before_answer")),
    *(("notifications", each) for each in COMMANDS),
)
QUESTIONS, PLACES, GUESTS, GAVE_BACK = 12, 10, 24, 3
MORE_QUESTIONS = 12
"""At most, one after the other: what many of them lead to travels together, and passes a point once."""


def kill_at(run: Run, service: str, point: str, passes: int) -> int:
    """From here on the service is killed there and started again; how often it had ended before."""
    run.note(f"{service} {point}:{passes}")
    run.system.processes.stop(service)
    before = len(run.system.processes.ends(service))
    run.system.processes.start(service, WELLHEARD_FAILPOINT=f"{point}:{passes}")
    return before


def expect_killed(run: Run, service: str, before: int) -> None:
    killed = wait_until(lambda: len(run.system.processes.ends(service)) > before, 30, 0.1)
    run.expect(killed and run.system.processes.ends(service)[before:] == [-9], f"{service} was not killed once")


@scenario(
    "kill -9 of notifications while people are told that a consultation opens, and what came of it",
    seeds=2 * len(ANNOUNCING),
)
def announcements_killed(run: Run) -> None:
    """At each point once before it opens and once before its outcome is published."""
    point = ANNOUNCING[run.seed % len(ANNOUNCING)]
    is_late = run.seed >= len(ANNOUNCING)
    with hearing(run) as hall:
        before = 0 if is_late else kill_at(run, "notifications", point, 1)
        hall.open()
        hall.wait_told(PEOPLE)
        hall.say()
        before = kill_at(run, "notifications", point, 1) if is_late else before
        hall.publish()
        hall.wait_told(PEOPLE + TOOK_PART)
        expect_killed(run, "notifications", before)
        run.healed()
        hall.examine()


@scenario("kill -9 of events or notifications while questions are answered by e-mail", seeds=2 * len(ANSWERING))
def answers_killed(run: Run) -> None:
    """Each question is answered once, whoever dies between the page and the mail server."""
    service, point = ANSWERING[run.seed % len(ANSWERING)]
    with closing(Postbox(run)) as office:
        asked = [_question(office, number) for number in range(QUESTIONS)]
        before = kill_at(run, service, point, 1 if point in RELAY else run.chance.randint(1, 3))
        for each in asked:
            _answer(office, *each)
        while len(asked) < QUESTIONS + MORE_QUESTIONS and not run.system.processes.wait_end(service, before, 2):
            asked.append(_question(office, len(asked)))
            _answer(office, *asked[-1])
        expect_killed(run, service, before)
        run.healed()
        due = {f"{run.prefix}-{number}@example.org": 1 for number in range(len(asked))}
        wait_until(lambda: sum(office.taken().values()) >= len(asked), 60, 0.2)
        run.settle()
        run.expect(dict(office.taken()) == due, f"answers came so often: {dict(office.taken())}")
        log = connect(run.system.settings, "history")["log"]
        ids = [each for each, _ in asked]
        told = log.count_documents({"event.type": CaseAnswered.type, "event.subject": {"$in": ids}})
        run.expect(told == len(asked), f"{told} answers stand in the history, of {len(asked)}")
        sent = [ask(office.bus, GetHandled(engagement_id=each)).delivery for each in ids]
        run.expect(set(sent) == {"sent"}, f"the pages say {set(sent)}")


def _question(office: Postbox, number: int) -> tuple[str, str]:
    """(engagement, contact) of a question that somebody has taken on."""
    name = f"{office.run.prefix}-{number}"
    contact = NewContact(name=f"Asks {name}", email=(f"{name}@example.org",))
    contact_id = ask(office.bus, RegisterContact(request_id=name, contact=contact)).contact_id
    reported = Reported.model_validate({"kind": "question", "title": f"When does it open? {name}"})
    said = RecordEngagement(request_id=name, reported=reported, contact_ids=(contact_id,))
    engagement_id = ask(office.bus, said).engagement_id
    ask(office.bus, OpenCase(engagement_id=engagement_id))
    return engagement_id, contact_id


def _answer(office: Postbox, engagement_id: str, contact_id: str) -> None:
    about = {"engagement_id": engagement_id, "version": 1, "request_id": f"answer-{engagement_id}"}
    answer = about | {"text": "It opens in May.", "send_to": contact_id}
    ask(office.bus, AnswerCase.model_validate(answer))


@scenario("kill -9 of events or notifications while people register for a meeting", seeds=2 * len(REGISTERING))
def registrations_killed(run: Run) -> None:
    """Whoever registers stands there once, in the order in which they did; a place given back is the next one's."""
    service, point = REGISTERING[run.seed % len(REGISTERING)]
    with closing(Postbox(run)) as office:
        begins = datetime.now(UTC) + timedelta(days=9)
        times = {"starts_at": begins, "ends_at": begins + timedelta(hours=1)}
        plan = MeetingPlan.model_validate({"title": "In public", "capacity": PLACES, "public": True} | times)
        meeting_id = ask(office.bus, PlanMeeting(request_id=new_id(), plan=plan)).meeting_id
        before = kill_at(run, service, point, run.chance.randint(1, 4))
        addresses = [f"{run.prefix}-{number}@example.org" for number in range(GUESTS)]
        tries = {each: _register(office, meeting_id, each) for each in addresses}
        wait_until(lambda: office.taken().keys() >= set(addresses), 60, 0.2)
        expect_killed(run, service, before)
        run.healed()
        people = _people(office, meeting_id)
        run.expect([each.email for each in people] == addresses, "they do not stand there once, in their order")
        run.expect(_with_places(people) == addresses[:PLACES], f"places: {_with_places(people)}")
        for each in _keys(run, meeting_id)[:GAVE_BACK]:
            ask(office.bus, CancelPlace(key=each))
        heard = addresses[PLACES : PLACES + GAVE_BACK]
        wait_until(lambda: all(office.taken()[each] > 1 for each in heard), 60, 0.2)
        run.settle()
        places = _with_places(_people(office, meeting_id))
        run.expect(places == addresses[GAVE_BACK : PLACES + GAVE_BACK], f"places after some were given back: {places}")
        steps = dict.fromkeys(addresses, 1) | dict.fromkeys(heard, 2)
        wrong = {who: n for who, n in office.taken().items() if not steps[who] <= n < steps[who] + tries[who]}
        run.expect(not wrong and office.taken().keys() == steps.keys(), f"messages came so often: {wrong}")


def _register(office: Postbox, meeting_id: str, address: str) -> int:
    """How often it was asked for: each time it was carried out the message is sent once more."""
    for number in range(1, 61):
        try:
            office.bus.call(RegisterForMeeting(meeting_id=meeting_id, name="Guest", email=address), timeout=3)
            return number
        except Unavailable:
            time.sleep(0.5)
    raise AssertionError("events does not come back")


def _people(office: Postbox, meeting_id: str) -> tuple[Registration, ...]:
    return ask(office.bus, GetMeetingPeople(meeting_id=meeting_id)).people


def _with_places(people: tuple[Registration, ...]) -> list[str]:
    return [each.email for each in people if each.state == "in"]


def _keys(run: Run, meeting_id: str) -> list[str]:
    """Of everybody who registered, as their links have them."""
    kept = connect(run.system.settings, "events")["meetings"].find_one({"_id": meeting_id})
    assert kept is not None
    return [each["key"] for each in kept["guests"]]
