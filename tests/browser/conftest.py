"""A site with a small county, served in this process, and Chromium."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from services.notifications.tokens import Place, Tokens
from services.web.keys import digest_of
from shared import preference_links, signed_links
from shared.contracts.bounces import ReportBounce
from shared.contracts.cases import AnswerCase, NoteFollowUp, OpenCase
from shared.contracts.consent import RecipientPage, RecordConsents
from shared.contracts.consultations import (
    CloseConsultation,
    CreateConsultation,
    OpenConsultation,
    PublishOutcome,
    WriteOutcome,
)
from shared.contracts.contacts import ContactRegistered, RegisterContact
from shared.contracts.events import RecordEngagement
from shared.contracts.meetings import MeetingPlan, PlanMeeting, RegisterForMeeting
from shared.contracts.newsletters import CreateNewsletter, PublishItem, WriteItem
from shared.contracts.notifications import DraftMailing, ScheduleMailing
from shared.contracts.preferences import GivePreferenceKeys
from shared.contracts.relationships import AddRelationship
from shared.contracts.rules import CreateRule, RuleSettings, SwitchRule
from shared.contracts.segments import CreateSegment, Rule
from shared.contracts.subscribing import AskToSubscribe
from shared.contracts.subscriptions import Suppress
from shared.contracts.survey_links import GiveSurveyKeys
from shared.contracts.surveys import RESPONSES, CreateSurvey, OpenSurvey, Survey
from shared.contracts.templates import CreateTemplate, PutAwayTemplate, SaveTemplate, TemplateText
from shared.messaging.declare import RawMessage
from tests.builders import (
    a_body,
    a_contact,
    a_mailing_draft,
    a_new_contact,
    a_newsletter_plan,
    a_person,
    a_recipient,
    a_report,
    a_statement,
    an_envelope,
    an_item_draft,
    headers,
)
from tests.consultations.planning import a_plan
from tests.imports.story import Officer, row
from tests.notifications.sink import Sink
from tests.surveys.asking import EVERY_TYPE, a_definition, a_sent
from tests.web.conftest import SECRET, County

PANEL = (
    row("Zoë Müller", "zoe@example.org", "0113 496 0123", locality="Eastmere", newsletter="yes", on="12/03/2014"),
    row("Mary Okafor", "mary@example.org", "0113 496 0199", groups="carers", newsletter="no", on="12/03/2014"),
    row("Mary Okafor", "mary@example.org"),
    row("Femi Okafor", "mary@example.org"),
    row('=HYPERLINK("http://example.org")', "not an address", locality="Eastmeer", newsletter="perhaps"),
)
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first has nothing that only a window needs, and takes a fifth less processor time."""
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]


@dataclass(frozen=True)
class Site:
    """The running site, and the addresses of some of its things by name."""

    address: str
    county: County
    places: dict[str, str]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    county = County(tmp_path_factory.mktemp("site"), port=port)
    server = uvicorn.Server(uvicorn.Config(county.app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    made = Site(f"http://127.0.0.1:{port}", county, populate(county))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield made
    server.should_exit = True
    thread.join(10)
    county.projector.close()


def populate(county: County) -> dict[str, str]:
    """Mary and her neighbours, three years of what they said, and an event that nobody could record."""
    places = populate_people(county)
    mary = places["contact"].rpartition("/")[2]
    segment = populate_segment(county)
    places |= {"segment": f"/segments/{segment}", "engagement": populate_engagements(county, mary)}
    for _ in range(20):
        county.bus.tick()
    county.settle()
    quarantined = next(
        each.subject for each in county.bus.published if each.data.type == "wellheard.engagement.quarantined.v1"
    )
    keys = county.bus.call(GivePreferenceKeys(contact_ids=(mary,))).keys
    return {
        **places,
        "quarantined": f"/quarantine/{quarantined}",
        "preferences": preference_links.preference_url("", SECRET, keys[mary], datetime.now(UTC)),
        "subscribe": a_link_to_confirm(county),
        "key": a_key_to_revoke(county),
        **populate_imports(county),
        **populate_mailings(county),
        **populate_news(county, segment),
        **populate_survey(county),
        **populate_work(county, mary),
        **populate_consultations(county),
    }


def populate_people(county: County) -> dict[str, str]:
    """Mary, who is the chair of a group and may be the same as Maria."""
    mary = county.bus.call(RegisterContact(request_id="mary", contact=a_new_contact(email=("mary@example.org",))))
    maria = a_new_contact("Maria Okafor", email=("mary@example.org",))
    other = county.bus.call(RegisterContact(request_id="maria", contact=maria, shared=True)).contact_id
    carers = a_new_contact("Eastmere Carers", kind="organisation")
    group = county.bus.call(RegisterContact(request_id="carers", contact=carers)).contact_id
    role = {"request_id": "role", "contact_id": mary.contact_id, "with_id": group, "role": "Chair"}
    chair = county.bus.call(AddRelationship.model_validate(role | {"since": "2024-03-01"}))
    member = role | {"request_id": "past", "role": "Member", "until": "2024-02-29"}
    county.bus.call(AddRelationship.model_validate(member))
    said = (
        a_statement(mary.contact_id, evidence="form 12"),
        a_statement(mary.contact_id, channel="post"),
        a_statement(mary.contact_id, False, purpose="survey", channel="*", method="one_click"),
    )
    county.bus.call(RecordConsents(request_id="said", statements=said))
    return {
        "contact": f"/contacts/{mary.contact_id}",
        "organisation": f"/contacts/{group}",
        "relationship": f"/relationships/{chair.relationship_id}",
        "compare": f"/contacts/compare?one={mary.contact_id}&other={other}",
    }


def populate_engagements(county: County, mary: str) -> str:
    """Where a restricted one is, of many."""
    for number in range(40):
        at = f"{2011 + number % 3}-{number % 12 + 1:02}-15T10:30:00Z"
        people = [a_person("Mary Okafor", email="mary@example.org"), a_person(f"Neighbour {number}")]
        body = "The barrier at the car park is broken and the machine takes no cards." * 3
        event = {"title": f"Parking, visit {number}", "occurred_at": at, "topics": ["parking"], "channel": "phone"}
        county.bus.publish_inbound([a_body(people=people, body=body, **event)], headers())
    county.bus.publish_inbound([a_body(kind="gossip", title="Told on the bus")], headers())
    said = a_report(title="A word at the market", sensitive=True, links=[{"url": "https://example.org/a"}])
    logged = county.bus.call(RecordEngagement(request_id="logged", reported=said, contact_ids=(mary,)))
    return f"/engagements/{logged.engagement_id}"


def populate_segment(county: County) -> str:
    """The id of a segment with a condition of every shape."""
    conditions = [
        {"field": "locality", "any_of": ["eastmere"], "negated": True},
        {"field": "consent", "purpose": "newsletter", "channel": "email"},
        {"field": "engaged", "at_least": 2, "kinds": ["conversation"]},
        {"field": "name", "words": "mary"},
    ]
    rule = Rule.model_validate({"conditions": conditions})
    return county.bus.call(CreateSegment(request_id="panel", name="Those who like e-mail", rule=rule)).segment_id


def populate_imports(county: County) -> dict[str, str]:
    """One whose columns wait to be named, and one that has been judged."""
    officer = Officer(bus=county.bus)
    judged = officer.judge(officer.upload(*PANEL))
    draft = officer.upload(*PANEL)
    return {"import_draft": f"/imports/{draft.import_id}", "judged": f"/imports/{judged.import_id}"}


def populate_mailings(county: County) -> dict[str, str]:
    """One that was sent, with people it did not reach, and a draft; where they are, and where one unsubscribes."""
    sink = Sink(answer=lambda command, to: "550 5.1.1 no such person" if to == "person3@example.org" else None)
    county.settings.smtp_url = sink.url
    recipients = (a_recipient(1), a_recipient(2), a_recipient(3), a_recipient(4, consent_id=None, reason="no_consent"))
    county.contacts.list_recipients = lambda request: RecipientPage(recipients=recipients, next=None)
    county.bus.call(Suppress(address="gone@example.org", reason="asked by phone"))
    body = "# What we heard\n\nDear {name|friend},\n\n* the car park\n* the **new** clinic\n"
    sent, draft = (
        county.bus.call(DraftMailing(request_id=name, draft=a_mailing_draft(body=body, public=True))).mailing_id
        for name in ("sent", "draft")
    )
    county.bus.call(ScheduleMailing(mailing_id=sent, version=1))
    county.sender.run_until_idle()
    sink.close()
    for person, status in ((0, "5.1.1"), (1, "4.2.2")):
        path = f"bounce-{Tokens(SECRET).make('bounce', Place(sent, 1, 0, person))}@example.org"
        county.bus.call(ReportBounce(recipient=path, status=status))
    county.bus.call(ReportBounce(recipient="bounce-forged@example.org", status="5.1.1"))
    token = Tokens(SECRET).make("unsubscribe", Place(sent, 1, 0, 1))
    said = TemplateText(name="Welcome to the panel", subject="Welcome, {first_name}", body=body)
    template = county.bus.call(CreateTemplate(request_id="welcome", text=said))
    changed = said.model_copy(update={"subject": "Welcome to the panel, {first_name}"})
    county.bus.call(SaveTemplate(template_id=template.template_id, version=1, text=changed, by="Sam Staff"))
    old = county.bus.call(
        CreateTemplate(request_id="old", text=said.model_copy(update={"name": "Last year’s welcome"}))
    )
    county.bus.call(PutAwayTemplate(template_id=old.template_id, by="Sam Staff"))
    return {
        "put_away": f"/templates/{old.template_id}",
        "mailing": f"/mailings/{sent}",
        "draft": f"/mailings/{draft}",
        "unsubscribe": f"/unsubscribe/{token}",
        "template": f"/templates/{template.template_id}",
        "archived": f"/archive/{sent}",
        "rule": populate_rule(county, template.template_id),
    }


def populate_survey(county: County) -> dict[str, str]:
    """One with a question of every type, which somebody has answered."""
    made = county.bus.call(CreateSurvey(request_id="travel", definition=a_definition(*EVERY_TYPE)))
    county.bus.call(OpenSurvey(survey_id=made.survey_id, version=1))
    answers = {"ease": "easy", "ways": ["easy", "hard"], "stars": 4, "again": True, "age": 44, "why": "The bus."}
    county.bus.inject(RESPONSES, RawMessage(a_sent(made.survey_id, answers).model_dump_json().encode(), own=True))
    county.bus.deliver()
    return {"survey": f"/surveys/{made.survey_id}", "answer": f"/answer/{made.survey_id}"} | invite(county, made)


def invite(county: County, survey: Survey) -> dict[str, str]:
    """An invitation that has gone out, which one person has followed."""
    about = {"survey_id": survey.survey_id, "survey_title": survey.title, "segment_name": "Carers"}
    draft = a_mailing_draft(subject="Have your say", body="[Answer]({survey_link})", **about)
    mailing_id = county.bus.call(DraftMailing(request_id="invitation", draft=draft)).mailing_id
    county.bus.call(ScheduleMailing(mailing_id=mailing_id, version=1))
    sink = Sink()
    county.settings.smtp_url = sink.url
    county.sender.run_until_idle()
    sink.close()
    who = a_recipient(2).contact_id
    given = county.bus.call(GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=(who,)))
    form = a_sent(survey.survey_id, link_key=given.keys[who], begun_at=datetime.now(UTC), received_at=datetime.now(UTC))
    county.bus.inject(RESPONSES, RawMessage(form.model_dump_json().encode(), own=True))
    county.bus.deliver()
    new = f"/mailings/new?survey={survey.survey_id}&of={mailing_id}"
    return {"invitation": f"/mailings/{mailing_id}", "remind": new}


def populate_consultations(county: County) -> dict[str, str]:
    """One that is open, one that has ended, and one whose outcome everybody can read."""
    found = {}
    for number, name in enumerate(("consultation", "ended", "published")):
        made = a_consultation_with_all(county, name)
        if number > 0:
            county.bus.call(CloseConsultation(consultation_id=made, version=3))
        if number > 1:
            county.bus.call(PublishOutcome(consultation_id=made, version=4))
        found[name] = f"/consultations/{made}" if name == "published" else f"/consultations/desk/{made}"
    return found


def a_consultation_with_all(county: County, name: str) -> str:
    """Open, with something said and its outcome begun."""
    documents = [{"title": "The case for change", "url": "https://example.org/case", "text": "Two pages."}]
    targets = [{"group": "carers", "locality": "eastmere", "expected": 2400}, {"group": "travellers", "expected": 600}]
    plan = a_plan(title=f"Urgent care: {name}", about="Whether it moves", documents=documents, targets=targets)
    made = county.bus.call(CreateConsultation(request_id=name, plan=plan)).consultation_id
    county.bus.call(OpenConsultation(consultation_id=made, version=1))
    theme = {"theme_id": "thm_1", "title": "Buses", "we_asked": "How?", "you_said": "By bus", "we_did": "More buses"}
    outcome = {"consultation_id": made, "version": 2, "decision": "It stays", "themes": [theme]}
    county.bus.call(WriteOutcome.model_validate(outcome))
    said = a_report(title="At the drop-in", body="Too far", channel="event", consultation_id=made)
    county.bus.call(RecordEngagement(request_id=name, reported=said))
    return made


def a_key_to_revoke(county: County) -> str:
    token = county.keys.give("St Agnes", "events:write", "history:read")
    return f"/keys/{digest_of(token)[:12]}/revoke"


def a_link_to_confirm(county: County) -> str:
    """Where somebody confirms who has asked to subscribe."""
    asked = {"address": "new@example.org", "purposes": ("newsletter",), "wording": "Yes, send me this."}
    key = county.bus.call(AskToSubscribe.model_validate(asked)).key
    return f"/subscribe/{signed_links.sign(SECRET, 'subscribe', key, datetime.now(UTC))}"


def populate_news(county: County, segment_id: str) -> dict[str, str]:
    """An item that was published, and a newsletter that it goes into; where they are."""
    plan = a_newsletter_plan(segment_id=segment_id, segment_name="Those who like e-mail")
    newsletter = county.bus.call(CreateNewsletter(request_id="news", plan=plan))
    item = county.bus.call(WriteItem(request_id="item", draft=an_item_draft(link="https://example.org", topics=("a",))))
    county.bus.call(PublishItem(item_id=item.item_id, version=1))
    return {"news": f"/news/{item.item_id}", "newsletter": f"/newsletters/{newsletter.newsletter_id}"}


def populate_rule(county: County, template_id: str) -> str:
    """A welcome that is on, with somebody who got it and somebody who did not."""
    said = {"name": "Welcome to new people", "occasion": "contact_registered", "purpose": "membership"}
    settings = RuleSettings.model_validate(said | {"template_id": template_id})
    rule = county.bus.call(CreateRule(request_id="welcome", settings=settings))
    county.bus.call(SwitchRule(rule_id=rule.rule_id, version=1, on=True))
    for name, through in (("New Person", ""), ("Imported Person", "panel.csv, row 7")):
        event = ContactRegistered(contact=a_contact(name), registered_by="staff", through=through)
        county.bus.publish(an_envelope(event))
    county.bus.deliver()
    return f"/rules/{rule.rule_id}"


def populate_work(county: County, contact_id: str) -> dict[str, str]:
    """A question that is overdue, answered, with something still to be done; and a meeting with more than can come."""
    report = a_report(kind="question", title="Why is the stop closed?", body="It takes me an hour.")
    asked = county.bus.call(RecordEngagement(request_id="stop", reported=report, contact_ids=(contact_id,)))
    about = {"engagement_id": asked.engagement_id, "by": "Sam Staff"}
    county.bus.call(OpenCase.model_validate(about | {"owner": "Sam Staff", "due_on": "2014-02-03"}))
    note = {"note": "Look whether it is open", "due_on": "2014-03-01", "version": 1, "request_id": "note"}
    county.bus.call(NoteFollowUp.model_validate(about | note))
    answer = {"text": "It opens in May.", "send_to": contact_id, "version": 2, "request_id": "answer"}
    county.bus.call(AnswerCase.model_validate(about | answer))
    begins = datetime.now(UTC) + timedelta(days=1)
    plan = {"title": "Board in public", "about": "The plan.", "place": "Town Hall", "capacity": 1, "public": True}
    times = {"starts_at": begins, "ends_at": begins + timedelta(hours=2)}
    plan_of = MeetingPlan.model_validate(plan | times)
    meeting_id = county.bus.call(PlanMeeting(request_id="board", plan=plan_of, by="Sam Staff")).meeting_id
    for name in ("Mary", "Bea"):
        guest = {"meeting_id": meeting_id, "name": name, "email": f"{name}@example.org", "needs": "A ramp"}
        county.bus.call(RegisterForMeeting.model_validate(guest))
    kept = county.engagements.meetings.find(meeting_id)
    assert kept is not None
    places = {"meeting": f"/calendar/{meeting_id}", "public_meeting": f"/meetings/{meeting_id}"}
    return places | {"case": f"/engagements/{asked.engagement_id}", "place": f"/places/{kept.guests[1].key}"}


@pytest.fixture(scope="module")  # while Playwright is open it holds the thread's event loop, which other tests need
def chromium() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("no Chromium: apt-get install chromium-headless-shell (or chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def sign_in(context: BrowserContext, site: Site) -> None:
    """Let somebody who has every role be signed in there."""
    context.add_cookies([{"name": "wellheard_session", "value": site.county.sign_in(), "url": site.address}])


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.address, locale="en-GB", viewport={"width": 1280, "height": 900})
    sign_in(context, site)
    yield context.new_page()
    context.close()
