"""Cases and meetings of the demo, in every state; days are counted from today, so that there is always work."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from deploy.seed.county import County
from services.web.signin.domain import account_id_of
from shared.contracts.base import Request
from shared.contracts.cases import AnswerCase, Case, CloseCase, NoteFollowUp, OpenCase
from shared.contracts.events import RecordEngagement, Reported
from shared.contracts.meetings import Meeting, MeetingPlan, PlanMeeting, RegisterForMeeting
from shared.messaging.client import RpcClient

SECONDS = 60.0
LONDON = ZoneInfo("Europe/London")
PAT, ERIN = ("Pat Experience", "patient@demo.example.org"), ("Erin Engagement", "engagement@demo.example.org")


class DemoCase(NamedTuple):
    """`due`: days from today. `answer` and `outcome` are empty while it is not so far."""

    kind: str
    title: str
    body: str
    asked: int
    """Days ago."""
    due: int
    owner: tuple[str, str] | None
    answer: str = ""
    outcome: str = ""
    note: str = ""
    restricted: bool = False


CASES = (
    DemoCase(
        "question", "Why is the evening clinic to close?",
        "I work until six. The evening clinic is the only one that I can go to.", 16, -2, ERIN,
        note="Ask the practice manager for the figures",
    ),
    DemoCase("complaint", "Nobody rang back after the scan", "I was promised a call within a week.", 30, -4, PAT,
             restricted=True),
    DemoCase("enquiry", "Where can I get my ears syringed?", "My practice does not do it any more.", 1, 2, PAT),
    DemoCase("question", "Will the board publish what the poll of January cost?", "", 3, 6, None),
    DemoCase(
        "question", "Are there plans for a bus to the new treatment centre?",
        "From our estate it takes two buses and an hour.", 20, -5, ERIN,
        answer="The council and we pay for a trial: line 14 stops at the centre from May on, every half an hour.",
        note="Look whether line 14 has begun",
    ),
    DemoCase(
        "story", "The night that the ward sang", "My father was afraid. A nurse sang with all of us.", 40, -30, ERIN,
        answer="Thank you. We have read it to the ward, and to the board.",
        outcome="The board heard it in its meeting; the hospital tells it to new nurses.",
    ),
    DemoCase(
        "enquiry", "How do I change to another practice?", "I have moved within the town.", 25, -22, PAT,
        answer="Register with the new practice; it asks the old one for your notes.",
        outcome="Nothing had to be changed: the page about it was easy to find once the name was known.",
    ),
)  # fmt: skip
MEETINGS: tuple[dict[str, Any], ...] = (
    {
        "title": "Governing Body in public",
        "days": 9,
        "hours": (14, 17),
        "place": "Town Hall, Great Hall",
        "capacity": 3,
    },
    {"title": "Open day of the treatment centre", "days": 23, "hours": (10, 16), "kind": "event", "place": "Mill Lane"},
    {"title": "Health Panel: getting to appointments", "days": 30, "hours": (18, 20), "place": "Library, first floor"},
    {"title": "Preparing the open day", "days": 5, "hours": (9, 10), "place": "Room 3", "public": False},
)
GUESTS = ("Hana Iqbal", "Owen Price", "Zofia Nowak", "Tom Becket")


def add_cases(bus: RpcClient, county: County, ids: list[str]) -> None:
    """Repeatable: each thing has a request id of its own, and what has been done before is left alone."""
    now = datetime.now(UTC)
    for number, each in enumerate(CASES):
        _add_case(bus, f"demo-{county.seed}-case-{number}", each, ids[number * 3 % len(ids)], now)
    for number, meeting in enumerate(MEETINGS):
        _add_meeting(bus, f"demo-{county.seed}-meeting-{number}", dict(meeting), now)


def _add_case(bus: RpcClient, name: str, each: DemoCase, contact_id: str, now: datetime) -> None:
    said: dict[str, Any] = {
        "kind": each.kind,
        "title": each.title,
        "body": each.body,
        "channel": "website",
        "direction": "inbound",
    }
    said |= {"occurred_at": now - timedelta(days=each.asked), "sensitive": each.restricted}
    recorded = _call(
        bus, RecordEngagement(request_id=name, reported=Reported.model_validate(said), contact_ids=(contact_id,))
    )
    about = {"engagement_id": recorded.engagement_id, "sensitive": True, "by": each.owner[0] if each.owner else "demo"}
    owned = {"owner": each.owner[0], "owner_id": account_id_of(each.owner[1])} if each.owner else {}
    due_on = (now + timedelta(days=each.due)).date()
    case = _call(bus, OpenCase.model_validate(about | owned | {"due_on": due_on}))
    if case.version == 1:
        _carry_on(bus, about, each, case, now)


def _carry_on(bus: RpcClient, about: dict[str, Any], each: DemoCase, case: Case, now: datetime) -> None:
    if each.note:
        said = {"note": each.note, "due_on": (now + timedelta(days=1)).date()}
        case = _call(bus, NoteFollowUp.model_validate(about | said | {"version": case.version, "request_id": "note"}))
    if each.answer:
        said = {"text": each.answer, "how": "letter", "version": case.version, "request_id": "answer"}
        case = _call(bus, AnswerCase.model_validate(about | said))
    if each.outcome:
        result = "nothing_changed" if each.outcome.startswith("Nothing") else "we_did"
        said = {"text": each.outcome, "result": result, "version": case.version, "request_id": "close"}
        _call(bus, CloseCase.model_validate(about | said))


def _add_meeting(bus: RpcClient, name: str, said: dict[str, Any], now: datetime) -> None:
    day = now.astimezone(LONDON).date() + timedelta(days=said.pop("days"))
    begins, ends = (datetime.combine(day, time(hour), LONDON) for hour in said.pop("hours"))
    plan = MeetingPlan.model_validate({"public": True} | said | {"starts_at": begins, "ends_at": ends})
    meeting = _call(bus, PlanMeeting(request_id=name, plan=plan, by="Erin Engagement"))
    if plan.capacity and not meeting.registered:
        _register(bus, meeting)


def _register(bus: RpcClient, meeting: Meeting) -> None:
    """More than there are places: one waits."""
    for guest in GUESTS:
        email = f"{guest.lower().replace(' ', '.')}@example.org"
        needs = "A loop for hearing aids, please." if guest == GUESTS[1] else ""
        _call(bus, RegisterForMeeting(meeting_id=meeting.meeting_id, name=guest, email=email, needs=needs))


def _call(bus: RpcClient, request: Request[Any]) -> Any:
    return bus.call(request, timeout=SECONDS)
