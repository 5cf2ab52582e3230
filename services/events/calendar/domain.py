"""How a meeting is planned, changed and held, and who has a place. Pure: time is passed in.

Nobody is given a place: of those who registered and did not cancel the first have one. So two who register at once
never get the same, and when somebody cancels the next has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.contracts.events import PersonIdentifier, Reported, ReportedPerson
from shared.contracts.meetings import (
    MOST_PEOPLE,
    MOST_STEPS,
    Meeting,
    MeetingCalledOff,
    MeetingChanged,
    MeetingEvent,
    MeetingPlan,
    MeetingPlanned,
    MeetingState,
    MeetingStep,
    Place,
    PlaceState,
    PlannedMeeting,
    Registration,
    StepKind,
    Visitor,
)
from shared.errors import Conflict, Invalid

KEPT = timedelta(days=30)
"""After a meeting who registered for it is forgotten."""
MOST_SENDS = 4
NAMED = 200
"""People that one engagement can name."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who registered, as the meeting's document keeps them."""

    number: int
    key: str
    """Opens their place, for whoever has the link."""
    name: str
    email: str
    """In compared form."""
    needs: str
    at: datetime
    cancelled: bool = False
    attended: bool = False
    sends: int = 1
    """How often they have asked for a place: each time the message is sent once more, a few times."""
    told: str = ""
    """What they were told last: their state, and of which arrangement."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A meeting as it is stored: what staff write, and who comes, each with a version of its own."""

    meeting: Meeting
    guests: tuple[Guest, ...] = ()
    people_version: int = 1


def plan(meeting_id: str, content: MeetingPlan, at: datetime, by: str) -> Meeting:
    return Meeting(
        meeting_id=meeting_id,
        version=1,
        state="planned",
        plan=content,
        steps=(_step("planned", content, at, by),),
        created_by=by,
        created_at=at,
        changed_by=by,
        changed_at=at,
    )


def change(meeting: Meeting, content: MeetingPlan, at: datetime, by: str) -> Meeting:
    """Whoever has a place is told of another time or place."""
    _check(meeting, "planned", "changed")
    is_moved = _where_and_when(content) != _where_and_when(meeting.plan)
    steps = _with_step(meeting, _step("moved" if is_moved else "changed", content, at, by))
    return _next(meeting, at, by, plan=content, arrangement=meeting.arrangement + is_moved, steps=steps)


def call_off(meeting: Meeting, at: datetime, by: str) -> Meeting:
    _check(meeting, "planned", "called off")
    steps = _with_step(meeting, _step("called_off", meeting.plan, at, by))
    return _next(meeting, at, by, state="called_off", steps=steps)


def hold(meeting: Meeting, engagement_id: str, at: datetime, by: str) -> Meeting:
    """It was held, and what was said is an engagement."""
    steps = as_held(meeting, at, by).steps
    return _next(meeting, at, by, state="held", engagement_id=engagement_id, steps=steps)


def as_held(meeting: Meeting, at: datetime, by: str) -> PlannedMeeting:
    """How it came about, as its engagement says it; recorded again, it was held once. Conflict when it was not held."""
    if meeting.state == "called_off":
        raise Conflict("This meeting was called off: nobody was there.")
    steps = meeting.steps if meeting.state == "held" else _with_step(meeting, _step("held", meeting.plan, at, by))
    return PlannedMeeting(meeting_id=meeting.meeting_id, steps=steps)


def told_of(meeting: Meeting, engagement_id: str) -> MeetingEvent:
    """The event of the latest step; `engagement_id`: what it becomes when it is held."""
    plan, step = meeting.plan, meeting.steps[-1]
    kinds: dict[str, type[MeetingEvent]] = {"planned": MeetingPlanned, "called_off": MeetingCalledOff}
    said = plan.model_dump(exclude={"online_url", "capacity"})
    about = {"meeting_id": meeting.meeting_id, "engagement_id": engagement_id, "at": step.at, "by": step.by}
    return kinds.get(step.what, MeetingChanged).model_validate(said | about | {"steps": meeting.steps})


# -- places -----------------------------------------------------------------------------------------


def register(kept: Kept, guest: Guest, at: datetime) -> Kept:
    """With one more; whoever has a place, or had given it back, has it (again) under the address that they gave."""
    check_open(kept.meeting, at)
    known = next((each for each in kept.guests if each.email == guest.email), None)
    if known is not None and known.sends >= MOST_SENDS:
        return kept  # whoever asks need not be whose address it is
    if known is not None and not known.cancelled:
        return _with(kept, replace(known, told="", sends=known.sends + 1))
    if known is not None:  # behind all who came meanwhile
        others = tuple(each for each in kept.guests if each is not known)
        again = replace(guest, number=known.number, key=known.key, sends=known.sends + 1)
        return replace(kept, guests=(*others, again), people_version=kept.people_version + 1)
    if len(kept.guests) >= MOST_PEOPLE:
        raise Conflict("So many have registered that nobody more can be noted down.")
    number = max((each.number for each in kept.guests), default=0) + 1
    guests = (*kept.guests, replace(guest, number=number))
    return replace(kept, guests=guests, people_version=kept.people_version + 1)


def check_open(meeting: Meeting, at: datetime) -> None:
    """Raises Conflict when nobody can register."""
    if meeting.state != "planned" or not meeting.plan.public:
        raise Conflict("This meeting does not take place, or is not open to everybody.")
    if meeting.plan.starts_at <= at:
        raise Conflict("This meeting has begun: nobody can register any more.")


def cancel(kept: Kept, key: str) -> Kept:
    guest = next(each for each in kept.guests if each.key == key)
    return kept if guest.cancelled else _with(kept, replace(guest, cancelled=True))


def states(kept: Kept) -> list[tuple[Guest, PlaceState]]:
    """Everybody who registered, in the order in which they did, and whether they have a place."""
    found, taken = list[tuple[Guest, PlaceState]](), 0
    capacity = kept.meeting.plan.capacity or MOST_PEOPLE
    for each in kept.guests:
        if each.cancelled:
            found.append((each, "cancelled"))
        elif kept.meeting.state == "called_off":
            found.append((each, "called_off"))
        else:
            found.append((each, "in" if taken < capacity else "waiting"))
            taken += 1
    return found


def counted(kept: Kept) -> Meeting:
    """The meeting with how many have a place, and how many wait for one."""
    found = [state for _, state in states(kept)]
    return kept.meeting.model_copy(update={"registered": found.count("in"), "waiting": found.count("waiting")})


def place_of(kept: Kept, key: str) -> Place:
    found = states(kept)
    at = next(number for number, (guest, _) in enumerate(found) if guest.key == key)
    before = sum(state == "waiting" for _, state in found[:at])
    state = found[at][1]
    return Place(meeting=counted(kept), state=state, before_me=before if state == "waiting" else 0)


def news(kept: Kept) -> list[tuple[Guest, PlaceState, str]]:
    """Who has to be told what, and under which name it is remembered; whoever cancelled knows."""
    found = [(guest, state, f"{state}:{kept.meeting.arrangement}") for guest, state in states(kept)]
    return [each for each in found if each[1] != "cancelled" and each[0].email and each[0].told != each[2]]


def told(kept: Kept, messages: Sequence[tuple[Guest, PlaceState, str]]) -> Kept:
    """With what they were told."""
    words = {guest.number: word for guest, _, word in messages}
    guests = tuple(replace(each, told=words.get(each.number, each.told)) for each in kept.guests)
    return replace(kept, guests=guests, people_version=kept.people_version + 1)


def shown(kept: Kept) -> tuple[Registration, ...]:
    return tuple(
        Registration(
            number=guest.number,
            name=guest.name,
            email=guest.email,
            needs=guest.needs,
            state=state,
            at=guest.at,
            attended=guest.attended,
        )
        for guest, state in states(kept)
    )


def attended(kept: Kept, numbers: Sequence[int]) -> Kept:
    guests = tuple(replace(each, attended=each.number in numbers) for each in kept.guests)
    return replace(kept, guests=guests, people_version=kept.people_version + 1)


def without(kept: Kept, emails: Sequence[str]) -> Kept:
    """Without what could tell who somebody is; their number stays for the counts."""
    gone = set(emails)
    guests = tuple(
        replace(each, name="", email="", needs="", key="") if each.email in gone else each for each in kept.guests
    )
    return kept if guests == kept.guests else replace(kept, guests=guests, people_version=kept.people_version + 1)


def report(kept: Kept, visitors: Sequence[Visitor], notes: str) -> Reported:
    """The engagement that a meeting becomes: who was there, and what was said."""
    plan = kept.meeting.plan
    here = [_person(each.name, each.email) for each in kept.guests if each.attended and each.email]
    here += [_person(each.name, each.email) for each in visitors]
    more = f"\n\n{len(here) - NAMED} more were there." if len(here) > NAMED else ""
    kind = "meeting" if plan.kind == "meeting" else "attendance"
    said = {"kind": kind, "title": plan.title, "body": f"{notes}{more}".strip(), "occurred_at": plan.starts_at}
    channel = "online" if plan.online_url and not plan.place else "face to face"
    technique = "public meetings" if plan.public and plan.kind == "meeting" else None
    where = {"channel": channel, "technique": technique, "locality": plan.locality or None}
    where["consultation_id"] = plan.consultation_id or None
    return Reported.model_validate(said | where | {"people": tuple(here[:NAMED])})


def _person(name: str, email: str) -> ReportedPerson:
    identifiers = (PersonIdentifier(scheme="email", value=email),) if email else ()
    return ReportedPerson(name=name, identifiers=identifiers)


def _step(what: StepKind, plan: MeetingPlan, at: datetime, by: str) -> MeetingStep:
    return MeetingStep(what=what, starts_at=plan.starts_at, place=plan.place, at=at, by=by)


def _with_step(meeting: Meeting, step: MeetingStep) -> tuple[MeetingStep, ...]:
    """The first says how it began; what is between it and the latest is let go of."""
    steps = (*meeting.steps, step)
    return steps if len(steps) <= MOST_STEPS else (steps[0], *steps[1 - MOST_STEPS :])


def _where_and_when(plan: MeetingPlan) -> tuple[object, ...]:
    return plan.starts_at, plan.ends_at, plan.place, plan.online_url


def _with(kept: Kept, guest: Guest) -> Kept:
    guests = tuple(guest if each.number == guest.number else each for each in kept.guests)
    return replace(kept, guests=guests, people_version=kept.people_version + 1)


def _next(meeting: Meeting, at: datetime, by: str, **changed: object) -> Meeting:
    update = {"version": meeting.version + 1, "changed_at": at, "changed_by": by, **changed}
    return meeting.model_copy(update=update)


def _check(meeting: Meeting, state: MeetingState, what: str) -> None:
    if meeting.state != state:
        words = {"called_off": "called off", "held": "held"}
        raise Invalid(f"This meeting was {words.get(meeting.state, meeting.state)}: it cannot be {what}.")
