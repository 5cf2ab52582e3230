"""A county in which every page has something to show, in words that the test chooses, and a walk over its pages."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from fastapi.routing import APIRoute

from deploy.mailbox import Box
from services.notifications import domain
from services.notifications.composing import Composer
from services.notifications.domain import Addressee, Chunk
from services.notifications.tokens import Place, Tokens
from shared import preference_links, signed_links
from shared.answer_links import answer_url
from shared.contracts.bounces import ReportBounce
from shared.contracts.cases import AnswerCase, NoteFollowUp, OpenCase
from shared.contracts.consent import RecordConsents
from shared.contracts.consultations import CreateConsultation, OpenConsultation, WriteOutcome
from shared.contracts.contacts import ContactRegistered, RegisterContact
from shared.contracts.erasure import EraseContact
from shared.contracts.events import ListQuarantine, RecordEngagement
from shared.contracts.meetings import MeetingPlan, PlanMeeting, RegisterForMeeting
from shared.contracts.merging import MergeContacts
from shared.contracts.newsletters import CreateNewsletter, PublishItem, WriteItem
from shared.contracts.notifications import DraftMailing, ScheduleMailing
from shared.contracts.photographs import AddPhotograph
from shared.contracts.preferences import AskForErasure, GivePreferenceKeys
from shared.contracts.relationships import AddRelationship
from shared.contracts.rules import CreateRule, RuleSettings, SwitchRule
from shared.contracts.segments import CreateSegment, Rule
from shared.contracts.subscribing import AskToSubscribe
from shared.contracts.subscriptions import Suppress
from shared.contracts.survey_links import GiveSurveyKeys
from shared.contracts.surveys import RESPONSES, CreateSurvey, OpenSurvey
from shared.contracts.templates import CreateTemplate, TemplateText
from shared.messaging.declare import RawMessage
from tests.builders import (
    AT,
    a_cloudevent,
    a_contact,
    a_mailing_draft,
    a_new_contact,
    a_newsletter_plan,
    a_report,
    a_statement,
    an_envelope,
    an_item_draft,
)
from tests.events.pictures import a_jpeg
from tests.notifications.sink import Sink
from tests.surveys.asking import EVERY_TYPE, a_definition, a_sent
from tests.web.conftest import SECRET, County, Partner
from tests.web.test_access import routes

PHONE = "0113 496 0123"
MACHINES = ("/api/", "/health", "/ready", "/metrics", "/status.json")
"""Addresses for programs begin like this; all others are pages."""
QUERIES = {
    "/contacts/compare": "?one={contact_id}&other={other_id}",
    "/contacts/lookup": "?contact_q=a",
    "/localities": "?locality=eastmere",
    "/topics": "?topic=access",
}
"""What a page must be asked with."""


@dataclass
class Furnished:
    """A county and the ids of what stands in it, by the names that addresses give them."""

    county: County
    words: str
    ids: dict[str, str] = field(default_factory=dict)

    def pages(self) -> Iterator[str]:
        """The address of every page."""
        for route in page_routes(self.county):
            if "GET" in route.methods:
                yield self.address(route.path + QUERIES.get(route.path, ""))

    def address(self, path: str) -> str:
        """The path with ids of what is there. A new kind of id has to be furnished here."""
        tokens = {
            "/answer/p/": "answer",
            "/unsubscribe/": "unsubscribe",
            "/preferences/": "preferences",
            "/subscribe/": "subscribe",
            "/places/": "place",
        }
        token = next((self.ids[name] for start, name in tokens.items() if path.startswith(start)), "")
        return re.sub(r"\{(\w+)\}", lambda found: (self.ids | {"token": token})[found[1]], path)


def page_routes(county: County) -> list[APIRoute]:
    return [each for each in routes(county.app) if not each.path.startswith(MACHINES)]


async def furnish(county: County, words: str) -> Furnished:
    """Fill the county; `words` stand wherever somebody can write."""
    made = Furnished(county, words)
    _add_people(made)
    _add_engagements(made)
    await _add_quarantined(made)
    await _add_import(made)
    _add_messages(made)
    _add_erasure(made)
    _add_news(made)
    _add_survey(made)
    _add_meeting(made)
    _add_consultation(made)
    county.settle()
    _, key = await county.keys.create("St Agnes", ["events:write"])
    made.ids["key_id"] = key.key_id
    made.ids |= {"account_id": county.people.accounts()[0].account_id, "step": "pause"}
    made.ids["search_id"] = (
        await county.app.state.saved_searches.save(made.ids["account_id"], words[:100], "q=a")
    ).search_id
    return made


def _add_people(made: Furnished) -> None:
    bus, ids, words = made.county.bus, made.ids, made.words[:200]
    for name, email in (("contact_id", "a@x.org"), ("other_id", "b@x.org"), ("merged_id", "c@x.org")):
        new = a_new_contact(words, email=[email], phone=[PHONE], locality="eastmere", groups=["carers"])
        ids[name] = bus.call(RegisterContact(request_id=name, contact=new, shared=True)).contact_id
        said = a_statement(ids[name], wording=made.words, evidence=made.words)
        bus.call(RecordConsents(request_id=f"said-{name}", statements=(said,)))
    merge = {"request_id": "merge", "survivor_id": ids["contact_id"], "merged_id": ids["merged_id"]}
    bus.call(MergeContacts.model_validate(merge | {"survivor_version": 2, "merged_version": 2}))
    rule = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["carers"]}]})
    ids["segment_id"] = bus.call(CreateSegment(request_id="one", name=words[:100], rule=rule)).segment_id
    role = {"request_id": "role", "contact_id": ids["contact_id"], "with_id": ids["other_id"], "role": words[:100]}
    ids["relationship_id"] = bus.call(AddRelationship.model_validate(role)).relationship_id
    for _ in range(20):
        bus.tick()
    key = bus.call(GivePreferenceKeys(contact_ids=(ids["contact_id"],))).keys[ids["contact_id"]]
    ids["preferences"] = preference_links.preference_url("", SECRET, key, datetime.now(UTC)).rpartition("/")[2]
    bus.call(AskForErasure(key=key))
    asked = {"address": "d@x.org", "name": words, "purposes": ("newsletter",), "wording": words}
    wish = bus.call(AskToSubscribe.model_validate(asked)).key
    ids["subscribe"] = signed_links.sign(SECRET, "subscribe", wish, datetime.now(UTC))


def _add_engagements(made: Furnished) -> None:
    words = made.words
    told = a_report(
        kind="question",
        title=words[:200],
        body=f"parking {words}",
        technique=words[:100],
        topics=[words[:100]],
        people=[
            {"name": words[:200], "role": words[:200]},
            {"name": words[:200], "identifiers": [{"scheme": "contact_id", "value": made.ids["contact_id"]}]},
        ],
        organisations=[{"name": words[:200]}],
        links=[{"url": f"https://x.org/{words}", "title": words[:200]}],
    )
    recorded = made.county.bus.call(RecordEngagement(request_id="one", reported=told))
    made.ids["engagement_id"] = recorded.engagement_id
    _add_case(made)
    report = a_report(kind="story", title=words[:200])
    story = made.county.bus.call(RecordEngagement(request_id="story", reported=report))
    content = b64encode(a_jpeg()).decode()
    asked = AddPhotograph(engagement_id=made.ids["engagement_id"], content=content, by=words[:100])
    made.ids["photograph_id"] = made.county.bus.call(asked).photograph_id
    made.county.bus.call(asked.model_copy(update={"engagement_id": story.engagement_id}))


def _add_case(made: Furnished) -> None:
    """It is answered, and something is still to be done."""
    bus, words, about = made.county.bus, made.words, {"engagement_id": made.ids["engagement_id"], "by": made.words}
    bus.call(OpenCase.model_validate(about | {"owner_id": "acc_1", "owner": words[:200]}))
    due = {"due_on": "2014-02-03", "note": words[:1000]}
    bus.call(NoteFollowUp.model_validate(about | due | {"version": 1, "request_id": "note"}))
    answer = {"text": words, "to": words[:200], "send_to": made.ids["contact_id"]}
    bus.call(AnswerCase.model_validate(about | answer | {"version": 2, "request_id": "answer"}))
    made.ids["number"] = "1"


async def _add_quarantined(made: Furnished) -> None:
    event = a_cloudevent(id=made.words, kind="gossip", title=made.words, body=made.words)
    answer = await Partner(made.county, "St Agnes").post(event)
    assert answer.status_code == 202, answer.text
    (held,) = made.county.bus.call(ListQuarantine()).items
    made.ids["quarantine_id"] = held.quarantine_id


async def _add_import(made: Furnished) -> None:
    """Judged and not run, with rows that are new, known and faulty."""
    cell = '"' + made.words.replace('"', '""') + '"'
    rows = f"Name,E-mail,{cell}\n{cell},new@x.org,{cell}\n{cell},a@x.org,\n{cell},{cell},{cell}\n"
    async with made.county.browser() as http:
        page = await http.get("/imports/new")
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        file = {"file": (made.words, rows.encode())}
        sent = await http.post("/imports/new", data=fields, files=file, follow_redirects=True)
        assert sent.status_code == 200, sent.text
        made.ids["import_id"] = sent.url.path.split("/")[2]
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', sent.text))
        uses = {"use-0": "name", "use-1": "email", "use-2": "ignore", "duplicates": "update", "list_name": made.words}
        judged = await http.post(f"/imports/{made.ids['import_id']}/mapping", data=fields | uses)
        assert judged.status_code == 303, judged.text
    made.county.bus.tick()


def _add_messages(made: Furnished) -> None:
    """A mailing that has gone out, one way out of it, an address that gets nothing, and a message in the demo's box."""
    county, ids, words = made.county, made.ids, made.words
    draft = a_mailing_draft(
        subject=words[:200], body=words, segment_id=ids["segment_id"], segment_name=words[:200], public=True
    )  # fmt: skip
    text = TemplateText(name=words[:100], subject=words[:200], body=words)
    ids["template_id"] = county.bus.call(CreateTemplate(request_id="one", text=text)).template_id
    ids["version"] = "1"
    _add_rule(made)
    mailing = county.bus.call(DraftMailing(request_id="one", draft=draft))
    ids["mailing_id"] = mailing.mailing_id
    county.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    _send_what_is_due(county)
    ids["unsubscribe"] = Tokens(SECRET).make("unsubscribe", Place(mailing.mailing_id, 1, 0, 0))
    path = f"bounce-{Tokens(SECRET).make('bounce', Place(mailing.mailing_id, 1, 0, 0))}@x.org"
    county.bus.call(ReportBounce(recipient=path, status="4.2.2"))
    county.bus.call(Suppress(address="gone@x.org", reason=words[:200]))
    county.settings.demo = True
    who = Addressee(ids["contact_id"], words[:200], "a@x.org")
    content = Composer(county.settings).compose(domain.begin(mailing, AT), Chunk("c", "m", 0, 1, 1), 0, who)
    box = Box(county.settings.mail_folder)
    box.put("a@x.org", content.content)
    ids["name"] = next(iter(county.settings.mail_folder.glob("*.eml"))).stem


def _add_erasure(made: Furnished) -> None:
    """Somebody is erased, and a text still names them."""
    bus = made.county.bus
    new = a_new_contact("Ann Arbor", email=["ann@x.org"])
    ann = bus.call(RegisterContact(request_id="ann", contact=new))
    bus.call(RecordEngagement(request_id="named", reported=a_report(title="Said by Ann Arbor", body=made.words)))
    made.county.settle()
    erasure = bus.call(EraseContact(contact_id=ann.contact_id, by=made.words[:100]))
    made.county.settle()
    made.ids["erasure_id"] = erasure.erasure_id


def _add_news(made: Furnished) -> None:
    """An item that is published, and a newsletter whose next issue it goes into."""
    bus, words = made.county.bus, made.words
    item = an_item_draft(title=words[:200], summary=words, topics=[words[:60]])
    made.ids["item_id"] = bus.call(WriteItem(request_id="one", draft=item)).item_id
    plan = {"name": words[:200], "subject": words[:200], "body": words, "segment_name": words[:200]}
    newsletter = bus.call(CreateNewsletter(request_id="one", plan=a_newsletter_plan(**plan)))
    made.ids["newsletter_id"] = newsletter.newsletter_id
    bus.call(PublishItem(item_id=made.ids["item_id"], version=1))


def _add_survey(made: Furnished) -> None:
    """An open survey with every kind of question, which has been answered."""
    bus, words = made.county.bus, made.words
    said = {"title": words[:200], "description": words[:2000]}
    choices = [{"value": "one", "text": words[:200]}, {"value": "two", "text": "Two"}]
    questions = [{**each, **said} | ({"choices": choices} if "choices" in each else {}) for each in EVERY_TYPE]
    questions[0] |= {"isRequired": True}
    questions[-1] |= {"visibleIf": "{ease} = 'one'"}
    made_one = bus.call(CreateSurvey(request_id="one", definition=a_definition(*questions, **said), by=words[:100]))
    made.ids["survey_id"] = made_one.survey_id
    bus.call(OpenSurvey(survey_id=made_one.survey_id, version=1, by=words[:100]))
    answers = {"ease": "one", "name": words[:1000], "age": 40}
    sent = a_sent(made_one.survey_id, answers).model_dump_json().encode()
    bus.inject(RESPONSES, RawMessage(sent, own=True))
    bus.deliver()
    asked = GiveSurveyKeys(survey_id=made_one.survey_id, contact_ids=(made.ids["contact_id"],))
    url = answer_url("", SECRET, bus.call(asked).keys[made.ids["contact_id"]], datetime.now(UTC))
    made.ids["answer"] = url.rpartition("/")[2]
    _add_invitation(made)


def _add_invitation(made: Furnished) -> None:
    """It has gone out, so that pages say who was invited."""
    county, ids, words = made.county, made.ids, made.words
    about = {"survey_id": ids["survey_id"], "survey_title": words[:1000], "body": f"{words} {{survey_link}}"}
    draft = a_mailing_draft(subject=words[:200], segment_id=ids["segment_id"], segment_name=words[:200], **about)
    mailing = county.bus.call(DraftMailing(request_id="invitation", draft=draft))
    county.bus.call(ScheduleMailing(mailing_id=mailing.mailing_id, version=1))
    _send_what_is_due(county)


def _send_what_is_due(county: County) -> None:
    sink = Sink()
    county.settings.smtp_url = sink.url
    county.sender.run_until_idle()
    sink.close()
    assert sink.got


def _add_meeting(made: Furnished) -> None:
    """To come, with somebody who has a place."""
    bus, words, begins = made.county.bus, made.words, datetime.now(UTC) + timedelta(days=3)
    said = {"title": words[:200], "about": words, "place": words[:500], "locality": words[:200], "public": True}
    plan = MeetingPlan.model_validate(said | {"starts_at": begins, "ends_at": begins + timedelta(hours=2)})
    meeting = bus.call(PlanMeeting(request_id="one", plan=plan, by=words[:100]))
    made.ids["meeting_id"] = meeting.meeting_id
    typed = {"name": words[:200], "email": "guest@x.org", "needs": words[:1000]}
    bus.call(RegisterForMeeting.model_validate(typed | {"meeting_id": meeting.meeting_id}))
    kept = made.county.engagements.meetings.find(meeting.meeting_id)
    assert kept is not None
    made.ids["place"] = kept.guests[0].key


def _add_consultation(made: Furnished) -> None:
    """An open consultation with everything that can be planned."""
    words = made.words
    said = {"title": words[:200], "about": words, "decider": words[:200], "can_change": words[:5000]}
    documents = [{"title": words[:200], "url": "https://x.org/paper", "text": words}]
    targets = [{"group": "carers", "locality": "eastmere", "expected": 9}, {"group": words[:100], "expected": 9}]
    plan = {"documents": documents, "targets": targets, "survey_ids": [made.ids["survey_id"]]}
    asked = {"request_id": "one", "plan": said | plan | {"closes_on": "2999-12-31"}, "by": words[:100]}
    consultation = made.county.bus.call(CreateConsultation.model_validate(asked))
    made.ids["consultation_id"] = consultation.consultation_id
    opened = OpenConsultation(consultation_id=consultation.consultation_id, version=1, by=words[:100])
    made.ids["slug"] = made.county.bus.call(opened).slug
    theme = {"theme_id": "thm_1", "title": words[:200], "we_asked": words, "you_said": words, "we_did": words}
    outcome = {"consultation_id": consultation.consultation_id, "version": 2, "decision": words, "themes": [theme]}
    made.county.bus.call(WriteOutcome.model_validate(outcome))
    said = a_report(title=words[:200], body=words, consultation_id=consultation.consultation_id, channel=words[:200])
    made.county.bus.call(RecordEngagement(request_id="contribution", reported=said))


def _add_rule(made: Furnished) -> None:
    """A rule that is on, to which something has happened."""
    said = {"occasion": "contact_registered", "purpose": "newsletter", "segment_id": made.ids["segment_id"]}
    about = {"name": made.words[:100], "template_id": made.ids["template_id"]}
    settings = RuleSettings.model_validate(said | about)
    rule = made.county.bus.call(CreateRule(request_id="one", settings=settings, by=made.words))
    made.ids["rule_id"] = rule.rule_id
    made.county.bus.call(SwitchRule(rule_id=rule.rule_id, version=1, on=True, by=made.words))
    contact = a_contact(made.words[:200])
    made.county.bus.publish(an_envelope(ContactRegistered(contact=contact, registered_by=made.words)))


async def open_pages(made: Furnished, http: httpx.AsyncClient, query: str = "") -> list[tuple[str, httpx.Response]]:
    """Every page, each with `query` added to its address."""
    found = []
    for address in made.pages():
        joined = f"{address}{'&' if '?' in address else '?'}{query}" if query else address
        found.append((address, await http.get(joined)))
    return found
