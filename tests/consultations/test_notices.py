"""The loop: a segment is told that a consultation opens, and each contributor, once, what came of it."""

import email
import email.policy
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.base import new_id
from shared.contracts.consent import RecordConsents
from shared.contracts.consultations import (
    CloseConsultation,
    Consultation,
    CreateConsultation,
    GetConsultation,
    OpenConsultation,
    PublishOutcome,
    WriteOutcome,
)
from shared.contracts.contacts import RegisterContact
from shared.contracts.contributions import ListContributions
from shared.contracts.events import RecordEngagement
from shared.contracts.history import Reader, SearchHistory
from shared.contracts.merging import MergeContacts
from shared.contracts.rules import CreateRule, ListRuleLog, PreviewRule, RuleSettings, SendingRule, SwitchRule
from shared.contracts.segments import CreateSegment, Rule
from shared.contracts.templates import CreateTemplate, TemplateText
from shared.contracts.timelines import GetTimeline
from tests.builders import a_new_contact, a_report, a_statement
from tests.consultations.planning import a_plan
from tests.notifications.sink import Sink
from tests.web.conftest import County


class Loop:
    """The whole system, a mail server, and what staff and the public do."""

    def __init__(self, folder: Path) -> None:
        self.sink = Sink()
        self.county = County(folder, smtp_url=self.sink.url)
        self.bus = self.county.bus

    def person(self, name: str, consents: bool = True, group: str = "carers") -> str:
        new = a_new_contact(name, email=[f"{name.lower()}@x.org"], groups=[group], locality="saltham")
        who = self.bus.call(RegisterContact(request_id=name, contact=new)).contact_id
        if consents:
            said = a_statement(who, purpose="consultation")
            self.bus.call(RecordConsents(request_id=name, statements=(said,)))
        self.bus.deliver()
        return who

    def rule(self, occasion: str, **fields: Any) -> SendingRule:
        body = "Dear {first_name}, see [the page]({link}). Until {last_day}: {consultation}."
        text = TemplateText(name=occasion, subject="About {consultation}", body=body)
        template = self.bus.call(CreateTemplate(request_id=occasion, text=text)).template_id
        said = {"name": occasion, "occasion": occasion, "purpose": "consultation", "template_id": template}
        settings = RuleSettings.model_validate(said | fields)
        made = self.bus.call(CreateRule(request_id=occasion, settings=settings))
        return self.bus.call(SwitchRule(rule_id=made.rule_id, version=1, on=True))

    def segment(self) -> str:
        rule = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["carers"]}]})
        made = self.bus.call(CreateSegment(request_id="carers", name="Carers", rule=rule)).segment_id
        for _ in range(20):
            self.bus.tick()
        return made

    def consultation(self, title: str = "Urgent *care*") -> Consultation:
        return self.bus.call(CreateConsultation(request_id=new_id(), plan=a_plan(title=title)))

    def open(self, of: Consultation) -> None:
        self.bus.call(OpenConsultation(consultation_id=of.consultation_id, version=self.version(of)))

    def close(self, of: Consultation) -> None:
        self.bus.call(CloseConsultation(consultation_id=of.consultation_id, version=self.version(of)))

    def publish(self, of: Consultation) -> None:
        theme = {"theme_id": "thm_1", "title": "Buses", "you_said": "Early", "we_did": "Later"}
        asked = {
            "consultation_id": of.consultation_id,
            "version": self.version(of),
            "decision": "So",
            "themes": [theme],
        }
        self.bus.call(WriteOutcome.model_validate(asked))
        self.bus.call(PublishOutcome(consultation_id=of.consultation_id, version=self.version(of)))

    def version(self, of: Consultation) -> int:
        return self.bus.call(GetConsultation(consultation_id=of.consultation_id)).consultation.version

    def says(self, to: Consultation, *contact_ids: str, **fields: Any) -> str:
        reported = a_report(consultation_id=to.consultation_id, **fields)
        said = self.bus.call(RecordEngagement(request_id=new_id(), reported=reported, contact_ids=contact_ids))
        self.bus.deliver()
        return said.engagement_id

    def send(self) -> None:
        """Half a minute passes, and what may go is sent."""
        self.bus.deliver()
        for _ in range(3):
            self.county.notifications._rule_work.turn(datetime.now(UTC) + timedelta(seconds=30))
            self.county.sender.run_until_idle()
        self.county.settle()

    def got(self) -> Counter[str]:
        """Messages by recipient."""
        return Counter(recipient.partition("@")[0] for recipient, _ in self.sink.got)

    def unanswered(self, of: Consultation) -> set[str]:
        page = self.bus.call(ListContributions(consultation_id=of.consultation_id, unanswered=True))
        return {each.contribution_id for each in page.contributions}

    def waiting(self, contact_id: str) -> set[str]:
        """What stands on a timeline as never answered."""
        self.county.settle()
        asked = GetTimeline(contact_id=contact_id, search=SearchHistory(reader=Reader()), questions=True)
        return {each.engagement_id for each in self.bus.call(asked).questions.items}


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    made = Loop(tmp_path)
    yield made
    made.county.projector.close()
    made.sink.close()


def test_everybody_of_the_segment_who_consented_is_told_once_that_it_opens(loop: Loop) -> None:
    loop.person("Mary")
    loop.person("Femi", consents=False)
    loop.person("Zoe", group="media")
    rule = loop.rule("consultation_opened", segment_id=loop.segment())
    one = loop.consultation()
    loop.open(one)
    loop.send()
    assert loop.got() == {"mary": 1}
    text = read(loop.sink.got[0][1])
    assert "Subject: About Urgent *care*" in text
    assert "/consultations/urgent-care" in text
    assert "Until 31 December 2999: Urgent *care*." in text
    assert "Urgent *care*" in html(loop.sink.got[0][1])
    loop.close(one)
    loop.open(one)
    loop.send()
    assert loop.got() == {"mary": 1}
    loop.open(loop.consultation("Transport"))
    loop.send()
    assert loop.got() == {"mary": 2}
    lines = loop.bus.call(ListRuleLog(rule_id=rule.rule_id)).items
    assert Counter(each.rule for each in lines) == {"": 2, "no_consent": 2}


def test_each_contributor_is_told_once_what_came_of_it_and_is_answered_by_that(loop: Loop) -> None:
    mary, femi, zoe = loop.person("Mary"), loop.person("Femi", consents=False), loop.person("Zoe")
    rule = loop.rule("outcome_published")
    of = loop.consultation()
    loop.open(of)
    twice = [loop.says(of, mary), loop.says(of, mary)]
    both, alone = loop.says(of, mary, femi), loop.says(of, femi)
    loop.says(loop.consultation("Another"), zoe)
    loop.close(of)
    assert loop.bus.call(PreviewRule(rule_id=rule.rule_id)).names == ("Mary",)
    loop.send()
    assert loop.got() == {}
    assert loop.unanswered(of) == {*twice, both, alone}
    loop.publish(of)
    loop.send()
    loop.send()
    assert loop.got() == {"mary": 1}
    assert loop.unanswered(of) == {both, alone}
    timeline = loop.bus.call(GetTimeline(contact_id=mary, search=SearchHistory(reader=Reader())))
    assert [each.kind for each in timeline.page.items].count("message_sent") == 1


def test_what_was_asked_in_a_consultation_waits_on_a_timeline_until_it_is_answered_with_the_consultation(
    loop: Loop,
) -> None:
    mary, femi = loop.person("Mary"), loop.person("Femi", consents=False)
    loop.rule("outcome_published")
    of = loop.consultation()
    loop.open(of)
    alone, both = loop.says(of, mary, kind="question"), loop.says(of, mary, femi, kind="question")
    loop.close(of)
    assert loop.waiting(mary) == loop.unanswered(of) == {alone, both}
    loop.publish(of)
    loop.send()
    assert loop.waiting(mary) == loop.waiting(femi) == loop.unanswered(of) == {both}


def test_two_consultations_that_end_together_are_told_each_in_its_own_words(loop: Loop) -> None:
    mary = loop.person("Mary")
    loop.rule("outcome_published")
    ended = [loop.consultation(each) for each in ("Transport", "Nursing homes")]
    for each in ended:
        loop.open(each)
        loop.says(each, mary)
        loop.close(each)
        loop.publish(each)
    loop.send()
    subjects = {re.findall(r"Subject: (.+)", read(each))[0].strip() for _, each in loop.sink.got}
    assert (subjects, loop.got()) == ({"About Transport", "About Nursing homes"}, {"mary": 2})
    assert [loop.unanswered(each) for each in ended] == [set(), set()]


def test_whoever_was_merged_in_the_meantime_counts_as_told(loop: Loop) -> None:
    mary, maria = loop.person("Mary"), loop.person("Maria")
    loop.rule("outcome_published")
    of = loop.consultation()
    loop.open(of)
    loop.says(of, maria)
    merge = {"request_id": "merge", "survivor_id": mary, "merged_id": maria}
    loop.bus.call(MergeContacts.model_validate(merge | {"survivor_version": 2, "merged_version": 2}))
    loop.close(of)
    loop.publish(of)
    loop.send()
    assert sum(loop.got().values()) == 1
    assert loop.unanswered(of) == set()


def read(content: str) -> str:
    """Head and plain text of a message."""
    message = email.message_from_string(content, policy=email.policy.default)
    body = message.get_body(("plain",))
    return f"Subject: {message['Subject']}\n{body.get_content() if body else ''}"  # type: ignore[attr-defined]


def html(content: str) -> str:
    message = email.message_from_string(content, policy=email.policy.default)
    body = message.get_body(("html",))
    return str(body.get_content()) if body else ""  # type: ignore[attr-defined]
