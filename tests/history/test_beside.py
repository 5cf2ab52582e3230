"""Beside a timeline: who else took part, and what was never answered; nothing that its reader may not see."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from services.history.asking import scope_of, whole_timeline
from services.history.beside import ASKING, SHOWN, companions, open_questions
from services.history.index.tantivy import TantivyReader, TantivyWriter
from services.history.records import Entry, Folded
from shared.contracts.base import Envelope, Event
from shared.contracts.contacts import ERASED_NAME, ContactChanged
from shared.contracts.events import Participant
from shared.contracts.history import Belonging, Reader, SearchHistory
from shared.contracts.merging import ContactsMerged
from shared.contracts.timelines import GetTimeline, Timeline
from tests.builders import a_contact, an_envelope, recorded, registered
from tests.history.index_contract import a_record, an_entry
from tests.history.test_search import History

AT = datetime(2014, 3, 1, 12, tzinfo=UTC)
NAMES = {"con_a": "Ann Lee", "con_b": "Bob Day", "con_c": "Cy Fox", "con_d": "Di Ray"}


@pytest.fixture
def history(tmp_path: Path) -> History:
    made = History(tmp_path / "index")
    made.publish(*(registered(contact_id=id, name=name) for id, name in NAMES.items()))
    return made


def said(*ids: str, **fields: Any) -> Envelope[Event]:
    people = tuple(Participant(name=NAMES.get(each, "Somebody"), contact_ids=(each,)) for each in ids)
    return recorded(participants=people, **fields)


def beside(history: History, contact_id: str = "con_a", **search: Any) -> Timeline:
    asked = SearchHistory(**({"contact_id": contact_id, "reader": Reader(sensitive=True)} | search))
    return history.bus.call(GetTimeline(search=asked, companions=True, questions=True))


def who(found: Timeline) -> list[tuple[str, int]]:
    return [(each.contact.name, each.count) for each in found.companions]


def asked_of(found: Timeline) -> list[str]:
    return [each.engagement_id for each in found.questions.items]


def merge_cy_into_bob(history: History) -> None:
    bob, of = a_contact(contact_id="con_b", version=2, name="Bob Day", merged=("con_c",)), {"merged_name": "Cy Fox"}
    merge = ContactsMerged(survivor=bob, merge_id="mrg_1", merged_id="con_c", merged_by="Kim", **of)
    cy = a_contact(contact_id="con_c", version=2, name="Cy Fox", merged_into="con_b")
    history.publish(an_envelope(merge, sequence=2))
    history.publish(an_envelope(ContactChanged(contact=cy, changes=(), changed_by="Kim"), sequence=2))


# -- who else took part ----------------------------------------------------------------------------


def test_what_others_took_part_in_as_well_is_asked_for_by_id_under_whichever_of_their_ids(history: History) -> None:
    history.publish(said("con_a", "con_b"), said("con_a", "con_c"), said("con_a", "con_b", "con_d"), said("con_b"))
    merge_cy_into_bob(history)
    for asked, total in ((["con_b"], 3), (["con_c"], 1), (["con_b", "con_d"], 1), (["con_z"], 0)):
        assert beside(history, together=asked).page.total == total
    assert [each.name for each in beside(history, together=["con_b", "con_z"]).page.together] == ["Bob Day"]
    partner = Reader(partner="St Agnes")
    assert beside(history, together=["con_b"], reader=partner).page.together == ()


def test_those_who_took_part_most_often_come_first_whatever_is_searched_for(history: History) -> None:
    history.publish(said("con_a", "con_b"), said("con_a", "con_b", "con_c"), said("con_d", "con_c"), said("con_a"))
    assert who(beside(history)) == who(beside(history, q="zzzz")) == [("Bob Day", 2), ("Cy Fox", 1)]
    assert who(beside(history, "con_d")) == [("Cy Fox", 1)]
    plain = history.bus.call(GetTimeline(search=SearchHistory(contact_id="con_a")))
    assert (plain.companions, plain.questions.total) == ((), 0)


def test_a_count_is_what_the_search_with_that_name_finds(history: History) -> None:
    history.publish(*(said("con_a", "con_b") for _ in range(3)), said("con_b"))
    ((name, count),) = who(beside(history))
    assert beside(history, q=f'with:"{name}"', source=("events",)).page.total == count == 3


def test_contacts_that_were_merged_are_counted_once(history: History) -> None:
    history.publish(said("con_a", "con_b", "con_c"), said("con_a", "con_c"), said("con_a", "con_d"))
    merge_cy_into_bob(history)
    assert who(beside(history)) == [("Bob Day", 2), ("Di Ray", 1)]


def test_whoever_is_erased_is_not_named(history: History) -> None:
    history.publish(registered(contact_id="con_e", name=ERASED_NAME), said("con_a", "con_e", "con_b"))
    assert who(beside(history)) == [("Bob Day", 1)]


def test_only_a_few_are_named_those_alike_by_name(history: History) -> None:
    others = [f"con_x{number}" for number in range(9)]
    history.publish(
        *(registered(contact_id=each, name=f"Name {each[-1]}") for each in reversed(others)), said("con_a", *others)
    )
    assert who(beside(history)) == [(f"Name {number}", 1) for number in range(SHOWN)]


def test_people_of_an_organisation_took_part_in_what_it_said(history: History) -> None:
    history.publish(said("con_b", "con_c"), said("con_d"))
    of = {"people": (Belonging(contact_id="con_b"),)}
    assert who(beside(history, "con_d", **of)) == [("Bob Day", 1), ("Cy Fox", 1)]


# -- what was never answered -----------------------------------------------------------------------


def step(kind: str, engagement_id: str, hours: int, title: str = "Taken on: x", **fields: Any) -> Entry:
    at = AT + timedelta(hours=hours)
    return an_entry(
        f"{engagement_id}_{hours}", kind=kind, source="cases", engagement_id=engagement_id, title=title,
        occurred_at=at, contact_ids=("con_a",), **fields,
    )  # fmt: skip


def question(id: str, hours: int = 0, **fields: Any) -> Entry:
    said = {"kind": "question", "contact_ids": ("con_a",), "occurred_at": AT + timedelta(hours=hours)}
    return an_entry(id, engagement_id=id, **(said | fields))


def waiting(directory: Path, *entries: Entry) -> list[tuple[str, bool]]:
    index = index_of(directory, list(entries))
    found = open_questions(index, whole(index, Reader(sensitive=True)))
    return [(each.engagement_id, each.taken_on) for each in found.items]


def whole(index: TantivyReader, reader: Reader) -> Any:
    return whole_timeline(scope_of(index, SearchHistory(contact_id="con_a", reader=reader)), {}, reader)


def index_of(directory: Path, entries: list[Entry], names: tuple[str, ...] = ()) -> TantivyReader:
    writer = TantivyWriter(directory)
    contacts = [Folded(an_entry(f"known_{id}", kind="contact_registered"), a_record(NAMES[id], id)) for id in names]
    writer.put([*(Folded(each) for each in entries), *contacts], len(entries) + 1)
    writer.close()
    return TantivyReader(directory)


def test_a_question_waits_until_it_is_answered_or_closed_and_again_when_it_is_opened_again(tmp_path: Path) -> None:
    assert waiting(
        tmp_path,
        question("never", 1),
        question("taken", 2), step("case_opened", "taken", 3),
        question("answered", 2), step("case_opened", "answered", 3), step("case_answered", "answered", 4),
        question("closed", 2), step("case_closed", "closed", 9),
        question("again", 0), step("case_closed", "again", 5), step("case_reopened", "again", 6),
    ) == [("again", True), ("taken", True), ("never", False)]  # fmt: skip


def test_only_what_somebody_asked_us_waits_and_whatever_was_taken_on(tmp_path: Path) -> None:
    assert waiting(
        tmp_path,
        question("call", kind="call"), question("story", kind="story"), question("ours", direction="outbound"),
        question("another", contact_ids=("con_b",)), question("theirs", direction="inbound"),
        question("told", 1, kind="story"), step("case_opened", "told", 3),
    ) == [("told", True), ("theirs", False)]  # fmt: skip


def outcome(hours: int, *contact_ids: str, of: str = "cns_1") -> Entry:
    at = AT + timedelta(hours=hours)
    return an_entry(
        f"told_{of}_{hours}", kind="message_sent", source="notifications", about=(of,), contact_ids=contact_ids,
        occurred_at=at, recorded_at=at,
    )  # fmt: skip


def asked_in(id: str, hours: int, *others: str, of: str = "cns_1", **fields: Any) -> Entry:
    """A question in a consultation."""
    at = AT + timedelta(hours=hours)
    return question(id, hours, about=(of,), recorded_at=at, contact_ids=("con_a", *others), **fields)


def test_what_was_said_in_a_consultation_waits_until_everybody_who_said_it_was_told_what_came_of_it(
    tmp_path: Path,
) -> None:
    published = an_entry(
        "cns_2.9", kind="outcome_published", source="surveys", about=("cns_2",), occurred_at=AT + timedelta(hours=9)
    )
    assert waiting(
        tmp_path,
        asked_in("alone", 1), asked_in("both", 2, "con_b"), asked_in("other", 3, "con_c"),
        question("before", 4), asked_in("published", 5, of="cns_2"), asked_in("late", 20),
        asked_in("taken", 6), step("case_opened", "taken", 7),
        outcome(9, "con_a", "con_d"), outcome(10, "con_b"), published,
    ) == [("taken", True), ("late", False), ("published", False), ("before", False), ("other", False)]  # fmt: skip


def marked(id: str, hours: int, answered: bool = True, **fields: Any) -> Entry:
    """What staff have said of a question in a consultation."""
    kind = "contribution_answered" if answered else "contribution_unanswered"
    at = AT + timedelta(hours=hours)
    return an_entry(
        f"{id}.cns_1", kind=kind, source="surveys", engagement_id=id, about=("cns_1",), contact_ids=("con_a",),
        occurred_at=at, **fields,
    )  # fmt: skip


def test_what_staff_have_marked_as_answered_waits_no_more_unless_they_say_that_it_was_not(tmp_path: Path) -> None:
    assert waiting(
        tmp_path,
        asked_in("marked", 1), marked("marked", 5),
        asked_in("not", 2), marked("not", 5), marked("not", 6, answered=False, version=2),
        asked_in("taken", 3), step("case_opened", "taken", 4), marked("taken", 5),
        asked_in("then_taken", 3), marked("then_taken", 4), step("case_opened", "then_taken", 5),
        asked_in("still_taken", 4), step("case_opened", "still_taken", 5), marked("still_taken", 6, answered=False),
    ) == [("then_taken", True), ("still_taken", True), ("not", False)]  # fmt: skip


def test_an_invitation_to_a_survey_is_no_answer(tmp_path: Path) -> None:
    assert waiting(tmp_path, asked_in("asked", 1), outcome(9, "con_a", of="srv_1")) == [("asked", False)]


def test_whoever_was_merged_since_was_told_as_the_contact_that_stands_for_them(tmp_path: Path) -> None:
    writer = TantivyWriter(tmp_path)
    records = [a_record("Cy Fox", "con_c", merged_into="con_b"), a_record("Bob Day", "con_b", merged=("con_c",))]
    known = [Folded(an_entry(f"known_{each.id}", kind="contact_registered"), each) for each in records]
    writer.put([*known, Folded(asked_in("asked", 1, "con_c")), Folded(outcome(9, "con_a", "con_b"))], 4)
    writer.close()
    index = TantivyReader(tmp_path)
    assert open_questions(index, whole(index, Reader())).items == ()


def test_questions_are_counted_and_the_newest_are_shown(tmp_path: Path) -> None:
    index = index_of(tmp_path, [question(f"q{number}", number, kind=ASKING[number % 4]) for number in range(20)])
    found = open_questions(index, whole(index, Reader()))
    assert ([each.engagement_id for each in found.items], found.total) == ([f"q{19 - n}" for n in range(SHOWN)], 20)
    assert not found.is_least


def test_of_very_many_questions_it_is_said_that_there_are_more(tmp_path: Path) -> None:
    index = index_of(tmp_path, [question(f"q{number}", number) for number in range(203)])
    found = open_questions(index, whole(index, Reader()))
    assert (found.total, found.is_least) == (200, True)


def test_what_may_have_been_answered_before_the_steps_that_are_read_is_not_called_open(tmp_path: Path) -> None:
    steps = [step("case_answered", f"e{number}", 10 + number) for number in range(501)]
    index = index_of(tmp_path, [question("e0", 1), question("old", 2), question("new", 600), *steps])
    found = open_questions(index, whole(index, Reader()))
    assert ([each.engagement_id for each in found.items], found.is_least) == (["new"], True)


def test_questions_of_a_recorded_contact_are_on_its_timeline(history: History) -> None:
    history.publish(said("con_a", engagement_id="eng_1", kind="question", title="Why?"), said("con_a", kind="call"))
    found = beside(history, q="zzzz")
    assert asked_of(found) == ["eng_1"]
    assert (found.questions.items[0].title, found.questions.items[0].taken_on) == ("Why?", False)


# -- nothing leaks ---------------------------------------------------------------------------------

IDS = tuple(NAMES)
some = st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True).map(tuple)
SOURCES = {"case": "cases", "message": "notifications"}
kinds = st.sampled_from(
    ["question", "call", "complaint", "case_opened", "case_answered", "case_closed", "message_sent"]
)
partners = st.sampled_from(["St Agnes", "Council", None])
records = st.lists(st.tuples(some, kinds, st.integers(0, 4), st.booleans(), partners), min_size=1, max_size=12)
readers = st.sampled_from([Reader(), Reader(sensitive=True), Reader(partner="Council"), Reader(partner="St Agnes")])


@settings(max_examples=60, deadline=None)
@given(drawn=records, reader=readers)
def test_what_is_beside_is_the_same_as_if_what_is_restricted_were_not_there(drawn: list[Any], reader: Reader) -> None:
    said = [
        an_entry(
            f"e{number}", kind=kind, contact_ids=ids, sensitive=sensitive, partner=partner,
            source=SOURCES.get(kind.partition("_")[0], "events"), about=("cns_1",) if about % 2 else (),
            occurred_at=AT + timedelta(hours=number),
            engagement_id=f"e{about}" if kind.startswith("case") else f"e{number}",
        )
        for number, (ids, kind, about, sensitive, partner) in enumerate(drawn)
    ]  # fmt: skip
    seen = [e for e in said if (reader.sensitive or not e.sensitive) and reader.partner in (None, e.partner)]
    with TemporaryDirectory() as directory:
        answers = []
        for name, part in (("all", said), ("seen", seen)):
            index = index_of(Path(directory) / name, part, IDS)
            asked = whole(index, reader)
            answers.append((companions(index, asked, ("con_a",)), open_questions(index, asked)))
    assert answers[0] == answers[1]
    found, questions = answers[0]
    event("companions" if found else "nobody")
    event("questions" if questions.total else "none")
    for each in found:
        both = [e for e in seen if e.source == "events" and {"con_a", each.contact.id} <= {*e.contact_ids}]
        assert each.count == len(both)
