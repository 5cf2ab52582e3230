"""A consultation from its opening to its outcome, with two rules that tell people of it, and who was told what."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from shared.contracts.base import Request, new_id
from shared.contracts.consent import RecordConsents, Statement
from shared.contracts.consultations import (
    CloseConsultation,
    Consultation,
    CreateConsultation,
    GetConsultation,
    OpenConsultation,
    PublishOutcome,
    WriteOutcome,
)
from shared.contracts.contacts import NewContact, RegisterContacts
from shared.contracts.events import RecordEngagement, Reported
from shared.contracts.notifications import MessagesSent
from shared.contracts.rules import Announced, CreateRule, GetRule, RuleSettings, SwitchRule
from shared.contracts.segments import CreateSegment, GetSegment, Rule
from shared.contracts.surveys import CreateSurvey, DefinitionJson
from shared.contracts.templates import CreateTemplate, TemplateText
from shared.errors import Conflict, Unavailable
from shared.mongo import connect
from tests.faults.office import Postbox, ask
from tests.faults.run import Run
from tests.faults.waiting import wait_until

PEOPLE, TOOK_PART = 40, 30
_SAID = {"purpose": "consultation", "channel": "email", "given": True, "method": "web_form", "wording": "May we write?"}


class Hearing(Postbox):
    """Forty people are told that it opens, thirty of them say something, and hear what came of it."""

    def __init__(self, run: Run, survey: DefinitionJson | None = None) -> None:
        super().__init__(run)
        self.ids = self._people()
        self._segment_id = self._segment()
        self.survey_ids: tuple[str, ...] = ()
        if survey is not None:
            self.survey_ids = (ask(self.bus, CreateSurvey(request_id=new_id(), definition=survey)).survey_id,)
        plan = {"title": f"Buses {run.prefix}", "closes_on": "2999-12-31", "survey_ids": self.survey_ids}
        asked = CreateConsultation.model_validate({"request_id": new_id(), "plan": plan})
        self.consultation_id = ask(self.bus, asked).consultation_id
        self._rules = [self._rule(each) for each in ("consultation_opened", "outcome_published")]

    def open(self) -> None:
        self._step("open", lambda version: OpenConsultation(consultation_id=self.consultation_id, version=version))

    def shut(self) -> None:
        self._step("closed", lambda version: CloseConsultation(consultation_id=self.consultation_id, version=version))

    def say(self) -> None:
        """Thirty people say something each, staff close it and write what came of it."""
        for number, contact_id in enumerate(self.ids[:TOOK_PART]):
            said = {"kind": "conversation", "title": f"Said {number}", "consultation_id": self.consultation_id}
            reported, key = Reported.model_validate(said), f"{self.run.prefix}-said-{number}"
            ask(self.bus, RecordEngagement(request_id=key, reported=reported, contact_ids=(contact_id,)))
        there = wait_until(lambda: self._detail().contributions == TOOK_PART, 60, 0.3)
        self.run.expect(there, "not every contribution was noted")
        self.shut()
        theme = {"theme_id": "thm_1", "title": "Buses", "you_said": "Later", "we_did": "Later"}
        written = {"decision": "A bus", "themes": [theme], "consultation_id": self.consultation_id}
        standing = self._detail().consultation
        ask(self.bus, WriteOutcome.model_validate(written | {"version": standing.version}))

    def publish(self) -> None:
        self._step("published", lambda version: PublishOutcome(consultation_id=self.consultation_id, version=version))

    def wait_told(self, messages: int) -> None:
        """Until the mail server has so many."""
        told = wait_until(lambda: sum(self.taken().values()) >= messages, 90, 0.3)
        self.run.expect(told, f"{sum(self.taken().values())} of {messages} messages had come 90 s later")

    def examine(self) -> None:
        """Everybody once that it opens, whoever took part once what came of it; timelines and the list say the same."""
        self.run.settle()
        due = Counter(f"h{number}@example.org" for number in range(PEOPLE))
        due.update(f"h{number}@example.org" for number in range(TOOK_PART))
        taken = self.taken()
        wrong = {who: (taken[who], due[who]) for who in taken.keys() | due.keys() if taken[who] != due[who]}
        self.run.expect(not wrong, f"{len(wrong)} people were told another number of times: {list(wrong.items())[:3]}")
        log = connect(self.run.system.settings, "history")["log"]
        told = Counter(
            who
            for each in log.find({"event.type": MessagesSent.type})
            for who in each["event"]["data"]["contact_ids"]
            if each["event"]["data"].get("outcome_of") == self.consultation_id
        )
        self.run.expect(told == Counter(self.ids[:TOOK_PART]), f"{len(told)} timelines tell of the outcome once")
        unanswered = wait_until(lambda: self._detail().unanswered == 0, 20, 0.3)
        self.run.expect(unanswered, f"{self._detail().unanswered} contributions were never answered")

    def close(self) -> None:
        """The rules are off again: the next run in this instance has its own."""
        for rule_id in self._rules:
            with suppress(Conflict):
                version = ask(self.bus, GetRule(rule_id=rule_id)).rule.version
                ask(self.bus, SwitchRule(rule_id=rule_id, version=version, on=False))
        super().close()

    def _detail(self) -> Any:
        return ask(self.bus, GetConsultation(consultation_id=self.consultation_id))

    def _step(self, state: Literal["open", "closed", "published"], step: Any) -> None:
        """Asked until it is so: an answer may be lost when it has been done."""

        def is_so() -> bool:
            standing: Consultation = self._detail().consultation
            if standing.state != state:
                asked: Request[Consultation] = step(standing.version)
                with suppress(Unavailable, Conflict):
                    self.bus.call(asked, timeout=3)
            return standing.state == state

        self.run.expect(wait_until(is_so, 60, 0.1), f"the consultation is not {state}")

    def _rule(self, occasion: Announced) -> str:
        text = TemplateText(name=f"{occasion} {new_id()}", subject="{consultation}", body="Read {link}")
        template_id = ask(self.bus, CreateTemplate(request_id=new_id(), text=text)).template_id
        said = {"name": f"{occasion} {self.run.prefix}", "occasion": occasion, "template_id": template_id}
        said |= {"segment_id": self._segment_id if occasion == "consultation_opened" else ""}
        settings = RuleSettings.model_validate(said | {"purpose": "consultation", "per_hour": 5000})
        rule_id = ask(self.bus, CreateRule(request_id=new_id(), settings=settings)).rule_id
        with suppress(Conflict):
            ask(self.bus, SwitchRule(rule_id=rule_id, version=1, on=True))
        return rule_id

    def _people(self) -> list[str]:
        people = [
            NewContact(name=f"Hall {n}", email=(f"h{n}@example.org",), groups=("faith-groups",)) for n in range(PEOPLE)
        ]
        numbers = tuple(f"hall-{n}" for n in range(PEOPLE))
        found = ask(self.bus, RegisterContacts(contacts=tuple(people), request_ids=numbers)).contacts
        ids = [each.contact_id for each in found]
        statements = tuple(Statement.model_validate(_SAID | {"contact_id": each}) for each in ids)
        ask(self.bus, RecordConsents(request_id="hall", statements=statements))
        return ids

    def _segment(self) -> str:
        rule = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["faith-groups"]}]})
        segment_id = ask(self.bus, CreateSegment(request_id="hall", name="Hall", rule=rule)).segment_id

        def is_filled() -> bool:
            segment = ask(self.bus, GetSegment(segment_id=segment_id))
            return segment.filled == 1 and segment.members == PEOPLE

        assert wait_until(is_filled, 60, 0.3), "the segment is not filled"
        return segment_id


@contextmanager
def hearing(run: Run, survey: DefinitionJson | None = None) -> Iterator[Hearing]:
    """A consultation that is planned, perhaps with a survey that asks this, and the rules that tell of it."""
    made = Hearing(run, survey)
    try:
        yield made
    finally:
        made.close()
