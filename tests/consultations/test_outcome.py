"""What came of a consultation: themes, the decision, and a page for everybody that tells nothing about anybody."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.surveys.consultations.figures import by_channel
from shared.contracts.consultations import AddTheme, OutcomePublished
from shared.contracts.contributions import (
    ContributionMarked,
    GetPublicConsultation,
    GiveTheme,
    ListContributors,
    ListPublicConsultations,
    MarkAnswered,
)
from shared.contracts.waiting import CountWaiting
from shared.errors import Conflict, Invalid, NotFound
from tests.consultations.hearing import Hall


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_what_is_missing_is_said_until_the_outcome_can_be_published_once(hall: Hall) -> None:
    to = hall.opened(hall.planned())
    hall.outcome(to, {"title": "Buses", "we_did": ""}, decision="")
    with pytest.raises(Conflict, match="closed"):
        hall.published(to)
    hall.closed(hall.now(to).consultation)
    for themes, decision, missing in (
        ([], "", "Write down what was decided"),
        ([], "It stays", "Name at least one theme"),
        ([{"title": "Buses", "we_did": ""}], "It stays", "Say what people said about “Buses”"),
        ([{"title": "Buses"}], "It stays", ""),
    ):
        hall.outcome(to, *themes, decision=decision)
        assert hall.now(to).missing.startswith(missing)
        if missing:
            with pytest.raises(Conflict, match=missing):
                hall.published(to)
    published = hall.published(to)
    assert (published.state, published.published_at is None) == ("published", False)
    (told,) = hall.told(OutcomePublished)
    assert (told.title, told.outcome) == ("Urgent care", "It stays\n\nBuses\n\nSaid\n\nDid")
    for change in (hall.published, hall.opened, hall.outcome):
        with pytest.raises(Conflict):
            change(published)


def test_two_themes_are_not_called_alike_and_adding_one_twice_adds_it_once(hall: Hall) -> None:
    to = hall.planned()
    with pytest.raises(Invalid, match="same name"):
        hall.outcome(to, {"title": "Buses"}, {"title": "buses"})
    first, again, other = (
        hall.bus.call(AddTheme(consultation_id=to.consultation_id, title=each))
        for each in ("Buses", "buses", "Parking")
    )
    assert first == again
    assert [each.title for each in other.themes] == ["Buses", "Parking"]


def test_contributions_are_given_themes_and_found_by_them(hall: Hall) -> None:
    to = hall.planned()
    one, other = hall.says(to=to, title="One"), hall.says(to=to, title="Other", sensitive=True)
    hall.outcome(to, {"title": "Buses"})
    chosen = {"consultation_id": to.consultation_id, "contribution_ids": [one.engagement_id, other.engagement_id]}
    give = chosen | {"theme_id": "thm_0"}
    assert hall.bus.call(GiveTheme.model_validate(give)).count == 1
    assert hall.bus.call(GiveTheme.model_validate(give | {"sensitive": True})).count == 2
    page = hall.said(to, theme_id="thm_0")
    assert ([each.title for each in page.contributions], [each.count for each in page.themes]) == (["One"], [1])
    hall.bus.call(GiveTheme.model_validate(give | {"taken": True}))
    assert hall.said(to, theme_id="thm_0").contributions == ()
    with pytest.raises(NotFound, match="theme"):
        hall.bus.call(GiveTheme.model_validate(give | {"theme_id": "thm_9"}))


def test_whoever_was_never_answered_is_listed_until_staff_have(hall: Hall) -> None:
    to = hall.opened(hall.planned())
    said = hall.says(hall.person(), to=to)
    hall.says(to=to, title="From nobody whom we know")
    assert [each.contribution_id for each in hall.said(to, unanswered=True).contributions] == [said.engagement_id]
    hall.closed(to)
    hall.outcome(to, {"title": "Buses"})
    hall.published(to)
    hall.service._counted = None  # counted once a minute
    assert [each.sort for each in hall.bus.call(CountWaiting(service="surveys")).piles] == ["unanswered"]
    assert hall.now(to).unanswered == 1
    mark = {"consultation_id": to.consultation_id, "contribution_ids": [said.engagement_id]}
    for answered in (True, False, True):
        hall.bus.call(MarkAnswered.model_validate(mark | {"answered": answered}))
        assert hall.said(to).unanswered == int(not answered)
    hall.service._counted = None
    assert hall.bus.call(CountWaiting(service="surveys")).piles == ()
    hall.bus.call(MarkAnswered.model_validate(mark))
    hall.bus.deliver()
    told = hall.told(ContributionMarked)
    assert [each.answered for each in told] == [True, False, True]
    assert {(each.contribution_id, each.contact_ids, each.title) for each in told} == {
        (said.engagement_id, said.contact_ids(), to.plan.title)
    }


def test_everybody_who_took_part_is_listed_once_page_by_page(hall: Hall) -> None:
    survey = hall.survey()
    to = hall.planned(survey_ids=[survey.survey_id])
    people = [hall.person() for _ in range(3)]
    hall.says(*people[:2], to=to)
    hall.says(people[1], to=to, sensitive=True)
    hall.answered_by(people[2], survey)
    hall.answers(survey)
    asked = ListContributors(consultation_id=to.consultation_id, limit=2)
    first = hall.bus.call(asked)
    rest = hall.bus.call(asked.model_copy(update={"after": first.next}))
    assert ({*first.contact_ids, *rest.contact_ids}, rest.next) == (set(people), None)


def test_everybody_reads_what_it_is_about_and_what_came_of_it_and_no_draft(hall: Hall) -> None:
    survey = hall.survey()
    to = hall.planned(survey_ids=[survey.survey_id], about="Whether", targets=[{"group": "carers", "expected": 10}])
    with pytest.raises(NotFound, match="link"):
        hall.shown(to)
    to = hall.opened(to)
    assert [each.title for each in hall.shown(to).surveys] == ["Getting here"]
    hall.outcome(to, {"title": "Buses"})
    assert (hall.shown(to).decision, hall.shown(to, preview=True).decision) == ("", "")
    hall.closed(hall.now(to).consultation)
    assert (hall.shown(to).decision, hall.shown(to).surveys) == ("", ())
    assert hall.shown(to, preview=True).decision == "It stays open"
    hall.published(to)
    shown = hall.shown(to)
    assert (shown.decision, shown.themes[0].we_did) == ("It stays open", "Did")


def test_no_small_number_stands_on_the_public_page(hall: Hall) -> None:
    targets = [{"group": group, "expected": 100} for group in ("carers", "patients")]
    to = hall.opened(hall.planned(targets=targets))
    for number in range(13):
        who = hall.person(name=f"Person {number}", groups=["carers" if number < 4 else "patients"])
        hall.says(who, to=to)
    hall.closed(to)
    hall.outcome(to, {"title": "Buses"})
    hall.published(to)
    shown = hall.shown(to)
    assert ([each.heard for each in shown.targets], shown.rest, shown.total) == ([None, 9], None, 13)
    assert (shown.score, shown.themes[0].contributions) == (None, None)
    text = shown.model_dump_json()
    assert "Person" not in text
    assert "con_" not in text


def test_the_figures_of_an_outcome_stay_as_they_were_when_it_was_published(hall: Hall) -> None:
    survey = hall.survey()
    targets = [{"group": "carers", "expected": 100}]
    to = hall.opened(hall.planned(targets=targets, survey_ids=[survey.survey_id]))
    people = [hall.person(name=f"Person {number}", groups=["carers"]) for number in range(6)]
    for who in people:
        hall.says(who, to=to)
        hall.says(who, to=to, channel="as Mary Okafor's neighbour told us")
    for _ in range(7):
        hall.answers(survey)
    hall.closed(hall.now(to).consultation)
    hall.outcome(to, {"title": "Buses"})
    by_event = [each.contribution_id for each in hall.said(to, channel="event").contributions]
    give = {"consultation_id": to.consultation_id, "contribution_ids": by_event, "theme_id": "thm_0"}
    hall.bus.call(GiveTheme.model_validate(give))
    before = hall.shown(to, preview=True)
    assert [(each.channel, each.contributions) for each in before.channels] == [("survey", 7), ("event", 6), ("", 6)]
    assert (before.contributions, before.targets[0].heard, before.total) == (19, 6, 13)
    hall.published(to)
    hall.says(hall.person(groups=["carers"]), to=to)
    after = hall.shown(to)
    assert hall.now(to).contributions == 20
    unchanged = {"state", "published_at"}
    assert after.model_dump(exclude=unchanged) == before.model_dump(exclude=unchanged)


def test_ways_that_few_took_stand_together_so_that_nobody_is_seen_to_be_in_one() -> None:
    assert by_channel({"survey": 9, "event": 7, "phone": 2, "": 3}) == [("survey", 9), ("event", 7), ("", 5)]
    assert by_channel({"survey": 9, "event": 5, "phone": 1}) == [("survey", 9), ("", 6)]
    assert by_channel({"survey": 800}) == [("survey", 800)]
    assert by_channel({"survey": 3, "phone": 1}) == []


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["", "survey", "paper", "event", "phone"]), st.integers(0, 12)))
def test_no_way_is_shown_with_fewer_than_five_and_all_are_counted(counts: dict[str, int]) -> None:
    shown = by_channel(counts)
    assert all(number >= 5 for _, number in shown)
    assert sum(number for _, number in shown) in ({sum(counts.values())} if sum(counts.values()) >= 5 else {0})


def test_where_all_is_hidden_nothing_tells_how_many_there_are(hall: Hall) -> None:
    to = hall.opened(hall.planned(targets=[{"group": "carers", "expected": 100}]))
    for number in range(8):
        hall.says(hall.person(name=f"Person {number}", groups=["carers"] if number < 4 else []), to=to)
    shown = hall.bus.call(GetPublicConsultation(consultation_id=to.consultation_id, so_far=True))
    assert (shown.contributions, shown.channels, shown.total, shown.targets[0].heard) == (None, (), None, None)


def test_the_public_list_has_what_is_open_first_and_no_draft(hall: Hall) -> None:
    hall.planned(title="A draft")
    ended = [hall.closed(hall.opened(hall.planned(title=f"Ended {number}"))) for number in range(3)]
    hall.opened(hall.planned(title="Open"))
    first = hall.bus.call(ListPublicConsultations(limit=2))
    rest = hall.bus.call(ListPublicConsultations(limit=2, cursor=first.next_cursor))
    assert ([each.title for each in first.open], rest.open) == (["Open"], ())
    assert [each.title for each in (*first.ended, *rest.ended)] == ["Ended 2", "Ended 1", "Ended 0"]
    assert {each.created_by for each in (*first.open, *first.ended)} == {""}
    assert len(ended) == 3
