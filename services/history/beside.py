"""What stands beside a timeline: who else took part, and what was asked and never answered."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from services.history.consultation_entries import ANSWERED
from services.history.index.port import IndexReader
from services.history.index.queries import EntryPage, EntryQuery
from services.history.records import ContactRecord, Entry
from shared.contracts.contacts import ERASED_NAME
from shared.contracts.history import NamedContact, Reader
from shared.contracts.timelines import Companion, OpenQuestion, OpenQuestions

SHOWN = 6
_CONSIDERED = 40
"""Contacts that are counted first: some of them are one person, erased, or taken back."""
ASKING = ("enquiry", "question", "complaint", "foi_request")
"""Kinds of engagements that somebody expects an answer to."""
_ENDED = ("case_answered", "case_closed", ANSWERED)
_STEPS = ("case_opened", "case_reopened", *_ENDED)
_MOST_STEPS, _MOST_ASKED = 500, 200


def companions(index: IndexReader, whole: EntryQuery, own: Collection[str]) -> tuple[Companion, ...]:
    """Who took part besides the contact itself. Contacts that were merged count as the one that stands for them."""
    counted = dict(index.people(whole, _CONSIDERED + len(own)))
    homes = with_survivors(index, index.contacts([each for each in counted if each not in own]))
    recorded: dict[str, list[str]] = {}
    for contact_id, home in homes.items():
        if home.id not in own and not home.withdrawn and home.name != ERASED_NAME:
            recorded.setdefault(home.id, []).append(contact_id)
    known = {home.id: home for home in homes.values()}
    found = [
        (known[each], counted[ids[0]] if len(ids) == 1 else _together(index, whole, known[each]))
        for each, ids in recorded.items()
    ]
    found.sort(key=lambda each: (-each[1], each[0].name, each[0].id))
    return tuple(
        Companion(contact=NamedContact(id=home.id, name=home.name), count=count) for home, count in found[:SHOWN]
    )


def _together(index: IndexReader, whole: EntryQuery, home: ContactRecord) -> int:
    """Entries in which somebody took part under any of their ids: under two of them in one, it is one."""
    ids = (home.id, *home.merged)
    return index.search(replace(whole, taking_part=(*whole.taking_part, ids), limit=1)).total


def open_questions(index: IndexReader, whole: EntryQuery) -> OpenQuestions:
    """What was asked without an answer on the same timeline, and whatever else somebody has taken on to answer."""
    steps = _of(index, whole, ("cases", "surveys"), _STEPS, _MOST_STEPS)
    last: dict[str, Entry] = {}
    for step, _ in steps.hits:
        last.setdefault(step.engagement_id or "", step)
    ended = {engagement_id for engagement_id, step in last.items() if step.kind in _ENDED}
    asked = _of(index, whole, ("events",), ASKING, _MOST_ASKED)
    found = {each.engagement_id or "": each for each, _ in asked.hits if each.direction != "outbound"}
    others = sorted(last.keys() - ended - found.keys())
    entries = [*found.values(), *filter(None, (index.entry(each, whole.reader) for each in others[:_CONSIDERED]))]
    # What was asked before the first step that was read may have been answered before it.
    since = steps.hits[-1][0].occurred_at if steps.next else None
    waiting = [
        each for each in entries if each.engagement_id not in ended and (since is None or each.occurred_at >= since)
    ]
    waiting.sort(key=lambda each: (each.occurred_at, each.id))
    promised = [each for each in waiting if each.engagement_id in last]
    unpromised = [each for each in reversed(waiting) if each.engagement_id not in last]
    waiting = [*promised, *_without_told(index, unpromised, whole.reader)]
    return OpenQuestions(
        items=tuple(_question(each, each.engagement_id in last) for each in waiting[:SHOWN]),
        total=len(waiting),
        is_least=bool(asked.next or steps.next or others[_CONSIDERED:]),
    )


def _without_told(index: IndexReader, asked: Sequence[Entry], reader: Reader) -> list[Entry]:
    """Without what was said in a consultation where everybody who said it was told later what came of that.

    So it counts as answered with the consultation too. An outcome that is only published may have reached nobody.
    """
    people = {contact_id for each in asked if each.about for contact_id in each.contact_ids}
    if not people:
        return list(asked)
    homes = {key: home.id for key, home in with_survivors(index, index.contacts(sorted(people))).items()}
    about = tuple({key for each in asked for key in each.about})
    told = _outcomes(index, about, tuple(people.union(homes.values())), reader)

    def has_heard(contact_id: str, of: Entry) -> bool:
        meant = {contact_id, homes.get(contact_id, contact_id)}
        return any(
            one.occurred_at >= of.recorded_at and {*one.about} & {*of.about} and {*one.contact_ids} & meant
            for one in told
        )

    return [each for each in asked if not each.contact_ids or not all(has_heard(who, each) for who in each.contact_ids)]


def _outcomes(index: IndexReader, about: tuple[str, ...], people: tuple[str, ...], reader: Reader) -> list[Entry]:
    """Messages in which one of them was told what came of one of the consultations."""
    sent = {"source": ("notifications",), "kind": ("message_sent",)}
    query = EntryQuery(
        about=about, taking_part=(people,), filters=sent, sort="newest", limit=_MOST_ASKED, reader=reader
    )
    return [each for each, _ in index.search(query).hits]


def _of(index: IndexReader, whole: EntryQuery, sources: Sequence[str], kinds: Sequence[str], limit: int) -> EntryPage:
    """The newest first."""
    filters = {**whole.filters, "source": sources, "kind": kinds}
    return index.search(replace(whole, filters=filters, sort="newest", limit=limit))


def _question(entry: Entry, taken_on: bool) -> OpenQuestion:
    return OpenQuestion(
        engagement_id=entry.engagement_id or entry.id,
        kind=entry.kind,
        title=entry.title,
        asked_at=entry.occurred_at,
        taken_on=taken_on,
        sensitive=entry.sensitive,
    )


def with_survivors(index: IndexReader, contacts: dict[str, ContactRecord]) -> dict[str, ContactRecord]:
    """Each contact, or the one that stands for it since they were merged."""
    found = dict(contacts)
    while missing := {each.merged_into for each in found.values() if each.merged_into} - found.keys():
        more = index.contacts(list(missing))
        if not more:
            break
        found |= more
    homes = {}
    for key, each in contacts.items():
        while each.merged_into in found:
            each = found[each.merged_into]
        homes[key] = each
    return homes
