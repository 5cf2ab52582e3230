"""The contract of the engagements repository, on a real store and on the fake."""

from typing import Any

from services.events.ingestion import _held, stored
from services.events.repository import Engagements, Stored
from shared.contracts.base import OutboxHealth
from shared.contracts.erasure import EngagementRedacted, Traces
from shared.contracts.events import Engagement, EngagementCorrected
from shared.redaction import redact
from tests.builders import a_person, an_engagement, an_envelope, an_inbound


def a_stored(**fields: Any) -> Stored:
    return stored(an_engagement(**fields), "digest", an_inbound())


def test_an_engagement_is_found_with_the_event_it_was_recorded_by(repository: Engagements) -> None:
    one = a_stored(topics=("parking",), body="Ünïcode")
    assert repository.insert([one]) == set()
    key = one.engagement.engagement_id
    assert repository.find([key, "eng_none"]) == {key: one}


def test_inserting_again_says_what_was_there_and_changes_nothing(repository: Engagements) -> None:
    one, two = a_stored(title="First"), a_stored()
    repository.insert([one])
    again = stored(one.engagement.model_copy(update={"title": "Second"}), "other", an_inbound())
    assert repository.insert([again, two]) == {one.engagement.engagement_id}
    assert repository.find([one.engagement.engagement_id])[one.engagement.engagement_id] == one
    assert repository.find([two.engagement.engagement_id])


def test_only_commands_leave_their_event_in_the_outbox(repository: Engagements) -> None:
    queued, commanded = a_stored(), a_stored()
    repository.insert([queued])
    repository.insert([commanded], outbox=True)
    pending = repository.outbox.pending(10)
    assert [event for _, event in pending] == [commanded.recorded]
    repository.outbox.forget([(key, event.id) for key, event in pending])
    assert repository.outbox.pending(10) == []


def test_the_outbox_tells_how_much_waits_and_since_when(repository: Engagements) -> None:
    assert repository.outbox.health() == OutboxHealth(depth=0)
    repository.insert([a_stored(), a_stored()], outbox=True)
    waiting = repository.outbox.health()
    assert waiting.depth == 2
    assert waiting.oldest_seconds is not None
    assert 0 <= waiting.oldest_seconds < 60


def test_a_correction_replaces_what_it_says_and_keeps_the_first_event(repository: Engagements) -> None:
    one = a_stored(title="Before")
    repository.insert([one])
    following = one.engagement.model_copy(update={"title": "After", "version": 2})
    event = an_envelope(EngagementCorrected(engagement=following, corrected_by="staff"), sequence=2)
    assert repository.replace(following, event, accepted="qua_1")
    assert not repository.replace(following, event)
    found = repository.find([following.engagement_id])[following.engagement_id]
    assert (found.engagement, found.recorded, found.accepted) == (following, one.recorded, ("qua_1",))
    assert [each for _, each in repository.outbox.pending(10)] == [event]


def test_a_quarantined_event_is_kept_whole_however_odd_its_members(repository: Engagements) -> None:
    inbound = an_inbound()
    inbound.content["data"] = {"$where": 1, "a.b": {"": [None, 2**60]}, "deep": [[[[[]]]]]}
    held = _held(inbound, ("no",), False)
    repository.hold([held])
    repository.hold([held])
    assert repository.find_held([held.item.quarantine_id]) == {held.item.quarantine_id: held}
    assert repository.held_for(inbound.engagement_id) == [held]
    assert repository.count_held("open", None) == repository.count_held("open", "St Agnes") == 1
    assert repository.count_held("open", "Council") == 0


def test_a_held_event_changes_once_for_each_version(repository: Engagements) -> None:
    held = _held(an_inbound(), ("no",), False)
    repository.hold([held])
    item = held.item.model_copy(update={"state": "replayed", "version": 2, "corrected": {"a.b": 1}})
    assert repository.replace_held(item)
    assert not repository.replace_held(item)
    assert repository.find_held([item.quarantine_id])[item.quarantine_id].item == item
    assert repository.count_held("open", None) == 0


def test_the_quarantine_is_listed_newest_first_in_pages(repository: Engagements) -> None:
    held = [_held(an_inbound(partner="A" if number % 2 else "B"), ("no",), False) for number in range(5)]
    for each in held:
        repository.hold([each])
    first = repository.list_held("open", None, 3, None)
    rest = repository.list_held("open", None, 3, first[-1][0])
    assert [item for _, item in first + rest] == [each.item for each in reversed(held)]
    assert len(repository.list_held("open", "A", 10, None)) == 2


def test_a_partner_finds_its_event_by_id_alone_and_by_source(repository: Engagements) -> None:
    one = a_stored(external_id="7", source="/a", partner="St Agnes")
    repository.insert([one])
    inbound = an_inbound(id="7", source="/b")
    repository.hold([_held(inbound, ("no",), False)])
    assert repository.find_by_partner_id("St Agnes", "7", "/a") == [one.engagement.engagement_id]
    assert repository.find_by_partner_id("St Agnes", "7", "/b") == [inbound.engagement_id]
    assert repository.find_by_partner_id("St Agnes", "7", None) == [inbound.engagement_id, one.engagement.engagement_id]
    assert repository.find_by_partner_id("Council", "7", None) == []


TRACES = Traces(erasure_id="era_1", contact_ids=("con_1",), names=("Mary Okafor",), emails=("mary@x.org",))


def test_a_redacted_engagement_loses_the_traces_in_all_that_is_kept_of_it(repository: Engagements) -> None:
    theirs = {"name": "Mary Okafor", "contact_ids": ("con_1",)}
    one = a_stored(title="Of Mary Okafor", body="Write to mary@x.org", participants=[theirs])
    repository.insert([one], outbox=True)
    key = one.engagement.engagement_id
    left = Engagement.model_validate(redact(one.engagement.model_dump(mode="json"), TRACES) | {"version": 2})
    event = an_envelope(EngagementRedacted(engagement=left, erasure_id="era_1"), subject=key, sequence=2)
    assert repository.redact(left, event, TRACES, names=False)
    assert not repository.redact(left, event, TRACES, names=False)
    found = repository.find([key])[key]
    assert found.engagement == left
    assert found.recorded.content == redact(one.recorded.content, TRACES)
    assert [each.content for _, each in repository.outbox.pending(10)] == [found.recorded.content, event.content]


def test_a_quarantined_event_that_is_about_the_person_loses_the_name_too(repository: Engagements) -> None:
    person = a_person("Mary", email="MARY@x.org")
    theirs = _held(an_inbound(id="1", title="As Mary Okafor said", people=[person]), ("a reason",), False)
    another = _held(an_inbound(id="2", title="As Mary Okafor said"), ("a reason",), False)
    repository.hold([theirs, another])
    repository.redact_held(TRACES)
    found = repository.find_held([theirs.item.quarantine_id, another.item.quarantine_id])
    data = found[theirs.item.quarantine_id].item.original["data"]
    assert (data["title"], data["people"]) == (
        "As [name removed] said",
        [{"name": "Erased contact", "identifiers": []}],
    )
    assert found[another.item.quarantine_id] == another
