"""Staff plan a consultation with buttons that need no JavaScript, open it, and close it."""

import re
from typing import Any

import httpx
import pytest

from services.web.pages import consultation_form
from shared.contracts.base import new_id
from shared.contracts.consultations import (
    ChangeConsultation,
    Consultation,
    CreateConsultation,
    GetConsultation,
    ListConsultations,
)
from shared.contracts.contacts import RegisterContact
from shared.contracts.events import RecordEngagement
from tests.builders import a_new_contact, a_report
from tests.consultations.planning import a_plan
from tests.web.conftest import County
from tests.web.test_mailings import post
from tests.web.test_pages import fill, text
from tests.web.test_surveys import drafted

pytestmark = pytest.mark.anyio
DESK = "/consultations/desk"


def planned(county: County, **fields: Any) -> Consultation:
    return county.bus.call(CreateConsultation(request_id=new_id(), plan=a_plan(**fields), by="Jo"))


async def test_a_consultation_is_planned_row_by_row_opened_and_closed(
    county: County, browser: httpx.AsyncClient
) -> None:
    survey = drafted(county)
    assert "No consultation has been planned yet" in text(await browser.get(DESK))
    page = await fill(browser, await browser.get(f"{DESK}/new"), title="Urgent care", action="add_target")
    page = await fill(browser, page, action="add_document")
    assert page.status_code == 200
    saved = await fill(
        browser,
        page,
        about="Whether the treatment centre moves",
        closes_on="2999-12-31",
        document_title=["The case for change", ""],
        document_url=["https://example.org/case", ""],
        document_text=["", ""],
        target_group=["carers", "older-people"],
        target_locality=["eastmere", ""],
        target_expected=["1,200", "9000"],
        survey_ids=[survey.survey_id],
        action="save",
    )
    assert saved.status_code == 303, text(saved)
    (made,) = county.bus.call(ListConsultations()).consultations
    standing = county.bus.call(GetConsultation(consultation_id=made.consultation_id)).consultation
    assert [(each.group, each.locality, each.expected) for each in standing.plan.targets] == [
        ("carers", "eastmere", 1200),
        ("older-people", "", 9000),
    ]
    address = f"{DESK}/{made.consultation_id}"
    shown = text(await browser.get(address))
    assert "Say what is not decided yet" in shown
    assert (await post(browser, address, f"{address}/open", version="1")).status_code == 303
    shown = text(await browser.get(address))
    assert "People can take part" in shown
    assert "Closes by itself at the end of 31 December 2999" in shown
    assert (await post(browser, address, f"{address}/close", version="2")).status_code == 303
    assert "Urgent care" in text(await browser.get(f"{DESK}?state=closed"))
    assert "No consultation is in this state" in text(await browser.get(f"{DESK}?state=open"))


async def test_what_happens_to_it_is_found_by_search_and_leads_to_its_page(
    county: County, browser: httpx.AsyncClient
) -> None:
    made = planned(county, title="Walk-in centres")
    address = f"{DESK}/{made.consultation_id}"
    await post(browser, address, f"{address}/open", version="1")
    county.settle()
    page = await browser.get("/search?q=walk-in&source=surveys")
    assert "The consultation “Walk-in centres” was opened, until 31 December 2999." in text(page)
    assert f'href="{address}"' in page.text
    assert "megaphone" in page.text


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"title": ""}, "Enter a title"),
        ({"opens_on": "2999-12-31", "closes_on": "2999-12-30"}, "The last day is before the first"),
        ({"closes_on": "soon"}, "Enter the last day"),
        ({"document_title": "Paper"}, "Document 1 needs an address or a text"),
        ({"document_text": "Read this"}, "Document 1 needs a title"),
        ({"document_title": "Paper", "document_url": "example.org"}, "an address that starts with https://"),
        ({"target_group": "carers"}, "Group 1 needs how many people"),
        ({"target_group": "carers", "target_expected": "many"}, "Group 1 needs how many people"),
    ],
)
async def test_a_fault_stands_at_its_field_and_nothing_typed_is_lost(
    county: County, browser: httpx.AsyncClient, fields: dict[str, str], fault: str
) -> None:
    page = await browser.get(f"{DESK}/new")
    typed = {"title": "Urgent care", "about": "All that I typed", "action": "save"}
    answer = await fill(browser, page, **(typed | fields))
    assert answer.status_code == 422
    assert fault in text(answer)
    assert "All that I typed" in text(answer)
    assert all(each in answer.text for each in fields.values())
    assert county.bus.call(ListConsultations()).consultations == ()


async def test_the_later_of_two_keeps_what_was_typed(county: County, browser: httpx.AsyncClient) -> None:
    made = planned(county)
    address = f"{DESK}/{made.consultation_id}"
    page = await browser.get(f"{address}/edit")
    county.bus.call(ChangeConsultation(consultation_id=made.consultation_id, version=1, plan=a_plan(title="Theirs")))
    answer = await fill(browser, page, title="Mine", action="save")
    assert (answer.status_code, "Mine" in answer.text) == (409, True)
    assert (await post(browser, address, f"{address}/open", version="1")).status_code == 409


async def test_a_plan_can_be_written_while_surveys_cannot_be_listed(county: County, browser: httpx.AsyncClient) -> None:
    page = await browser.get(f"{DESK}/new")
    county.web_bus.down.add("surveys")
    answer = await fill(browser, page, title="Urgent care", survey_ids="srv_1", action="save")
    assert (answer.status_code, "Urgent care" in answer.text) == (503, True)
    assert 'name="survey_ids" value="srv_1"' in answer.text


async def test_an_engagement_is_logged_as_a_contribution_and_stands_in_the_list(
    county: County, browser: httpx.AsyncClient
) -> None:
    made = planned(county)
    address = f"{DESK}/{made.consultation_id}/contributions"
    assert "Nobody has contributed yet" in text(await browser.get(address))
    page = await browser.get(f"/engagements/new?consultation_id={made.consultation_id}")
    logged = await fill(browser, page, kind="meeting", title="Drop-in", body="Too far to walk", channel="event")
    assert logged.status_code == 303, text(logged)
    said = text(await browser.get(address))
    assert "Drop-in" in said
    assert "Too far to walk" in said
    assert "We do not know who it came from" in said
    assert "1 meeting" in text(await browser.get(f"{DESK}/{made.consultation_id}"))
    assert "Drop-in" in text(await browser.get(f"{address}?kind=meeting"))
    assert "No contribution fits these filters" in text(await browser.get(f"{address}?channel=post"))
    engagement = logged.headers["location"].partition("?")[0]
    assert f'href="{address}"' in (await browser.get(engagement)).text
    page = await browser.get(f"{engagement}/correct")
    assert f'<option value="{made.consultation_id}" selected>Urgent care</option>' in page.text
    county.web_bus.down.add("surveys")
    page = await browser.get(f"{engagement}/correct")
    assert f'<option value="{made.consultation_id}" selected>' in page.text
    assert (await fill(browser, page, title="Drop-in on Monday")).status_code == 303
    county.web_bus.down.clear()
    assert "Drop-in on Monday" in text(await browser.get(address))


async def test_restricted_contributions_are_shown_to_those_only_who_may_see_them(county: County) -> None:
    made = planned(county)
    said = a_report(title="A complaint", sensitive=True, consultation_id=made.consultation_id)
    county.bus.call(RecordEngagement(request_id="one", reported=said))
    county.settle()
    for roles, shown in ((("patient_experience",), True), (("engagement_officer",), False)):
        async with county.browser(*roles) as reader:
            page = await reader.get(f"{DESK}/{made.consultation_id}/contributions")
            assert ("A complaint" in page.text) is shown


async def test_the_page_says_who_is_heard_and_who_is_missing_and_the_first_page_too(
    county: County, browser: httpx.AsyncClient
) -> None:
    targets = [{"group": "carers", "locality": "eastmere", "expected": 200}, {"group": "travellers", "expected": 1000}]
    made = planned(county, targets=targets)
    address = f"{DESK}/{made.consultation_id}"
    await post(browser, address, f"{address}/open", version="1")
    mary = county.bus.call(
        RegisterContact(request_id="one", contact=a_new_contact(groups=["carers"], locality="eastmere"))
    )
    said = a_report(consultation_id=made.consultation_id)
    county.bus.call(RecordEngagement(request_id="one", reported=said, contact_ids=(mary.contact_id,)))
    county.settle()
    shown = text(await browser.get(address))
    assert "Who is missing." in shown
    assert "1 group of 2 is heard less than half as much as all together, or not at all" in shown
    assert "Gypsy, Roma and Traveller communities Nobody heard 1,000 0 0%" in shown
    assert "Eastmere 200 1 0.50%" in shown
    assert "0.00 representativeness" in shown.replace("\N{SOFT HYPHEN}", "")
    home = await browser.get("/")
    assert "1 open consultation in which somebody is missing" in text(home)
    assert f'href="{address}"' in home.text
    await post(browser, address, f"{address}/close", version="2")
    assert "Who is missing." not in text(await browser.get(address))


async def test_the_loop_is_closed_on_pages_that_need_no_javascript(county: County, browser: httpx.AsyncClient) -> None:
    made = planned(county, targets=[{"group": "carers", "locality": "eastmere", "expected": 200}])
    address = f"{DESK}/{made.consultation_id}"
    public = "/consultations/urgent-care"
    await post(browser, address, f"{address}/open", version="1")
    mary = county.bus.call(RegisterContact(request_id="one", contact=a_new_contact()))
    said = a_report(title="No bus after six", body="Mary Okafor said so", consultation_id=made.consultation_id)
    county.bus.call(RecordEngagement(request_id="one", reported=said, contact_ids=(mary.contact_id,)))
    county.settle()
    page = await browser.get(f"{address}/contributions")
    assert "Tick at least one contribution" in text(await fill(browser, page, "new_theme", action="answered"))
    (chosen,) = re.findall(r'name="chosen" value="(\w+)"', page.text)
    assert "Choose a theme" in text(await fill(browser, page, "new_theme", chosen=chosen, action="theme"))
    given = await fill(browser, page, "new_theme", chosen=chosen, new_theme="Buses", action="theme")
    assert given.status_code == 303, text(given)
    assert '<li class="wh-topic"><bdi>Buses</bdi></li>' in (await browser.get(given.headers["location"])).text
    await post(browser, address, f"{address}/close", version="3")
    assert "Write what came of it" in text(await browser.get(address))
    page = await browser.get(f"{address}/outcome")
    saved = await fill(
        browser,
        page,
        "decision",
        decision="The last bus is at nine",
        you_said="Too early",
        we_did="It goes later",
        action="save",
    )
    assert saved.status_code == 303, text(saved)
    page = await browser.get(saved.headers["location"])
    assert "It goes later" in text(page)
    assert "Publish the outcome" in text(page)
    async with county.client() as anybody:
        assert "The last bus is at nine" not in text(await anybody.get(public))
        published = await post(browser, f"{address}/publish", f"{address}/publish", version="5")
        assert published.status_code == 303, text(published)
        older = await anybody.get(f"/consultations/{made.consultation_id}")
        assert (older.status_code, older.headers["location"]) == (301, public)
        shown = text(await anybody.get(public))
        assert "The last bus is at nine" in shown
        assert "We did It goes later" in shown
        assert "Okafor" not in shown
        assert "not shown" in shown
        listed = await anybody.get("/consultations")
        assert "Urgent care" in text(listed)
        assert "set-cookie" not in listed.headers
    assert "1 contribution was never answered" in text(await browser.get(address))
    assert "1 consultation has contributions that were never answered" in text(await browser.get("/"))
    never = f"{address}/contributions?answered=no"
    page = await browser.get(never)
    answered = await fill(browser, page, "csrf_token", chosen=chosen, action="answered")
    assert answered.headers["location"] == f"{never}&done=yes"
    assert "has been answered" in text(await browser.get(never))
    county.settle()
    assert "What came of the consultation “Urgent care” was published." in text(
        await browser.get("/search?q=urgent&source=surveys")
    )
    found = text(await browser.get("/search?q=last+bus+nine&source=surveys"))
    assert "What came of the consultation “Urgent care” was published. " in found
    assert "The last bus is at nine" in found


async def test_a_question_that_staff_have_answered_waits_no_more_on_the_page_of_whoever_asked(
    county: County, browser: httpx.AsyncClient
) -> None:
    made = planned(county, title="Urgent care")
    mary = county.bus.call(RegisterContact(request_id="one", contact=a_new_contact()))
    said = a_report(title="Why not on Sundays?", kind="question", consultation_id=made.consultation_id)
    asked = county.bus.call(RecordEngagement(request_id="one", reported=said, contact_ids=(mary.contact_id,)))
    county.settle()
    address = f"{DESK}/{made.consultation_id}/contributions"
    for action, told in (("answered", "was answered."), ("unanswered", "was not answered after all.")):
        given = await fill(browser, await browser.get(address), "new_theme", chosen=asked.engagement_id, action=action)
        assert given.status_code == 303, text(given)
        county.settle()
        page = text(await browser.get(f"/contacts/{mary.contact_id}?source=surveys"))
        assert f"What was said in the consultation “Urgent care” {told}" in page
        assert ("Not answered yet" in page) == (action == "unanswered")


async def test_what_was_typed_about_the_outcome_is_not_lost(county: County, browser: httpx.AsyncClient) -> None:
    made = planned(county)
    address = f"{DESK}/{made.consultation_id}/outcome"
    page = await browser.get(address)
    more = await fill(browser, page, "decision", decision="All I typed", action="add_theme")
    assert (more.status_code, more.text.count('name="we_did"')) == (200, 2)
    faulty = await fill(browser, more, "decision", title=["", "x" * 201], action="save")
    assert (faulty.status_code, "All I typed" in faulty.text) == (422, True)
    county.bus.call(ChangeConsultation(consultation_id=made.consultation_id, version=1, plan=a_plan(title="Theirs")))
    late = await fill(browser, page, "decision", decision="All I typed", action="save")
    assert (late.status_code, "All I typed" in late.text) == (409, True)


async def test_nobody_reads_a_draft_or_what_is_not_there(county: County) -> None:
    made = planned(county)
    async with county.client() as anybody:
        for key in (made.consultation_id, "cns_none"):
            assert (await anybody.get(f"/consultations/{key}")).status_code == 404
        assert "Nothing is open just now" in text(await anybody.get("/consultations"))


async def test_who_reads_only_cannot_plan(county: County) -> None:
    made = planned(county)
    async with county.browser("board_reader") as reader:
        page = await reader.get(f"{DESK}/{made.consultation_id}")
        assert (page.status_code, "Open the consultation" in page.text) == (200, False)
        for address in (f"{DESK}/new", f"{DESK}/{made.consultation_id}/edit"):
            assert (await reader.get(address)).status_code == 403


def test_the_form_of_a_plan_says_the_plan() -> None:
    documents = [{"title": "Paper", "url": "https://x.org", "text": "Read"}]
    targets = [{"group": "carers", "locality": "", "expected": 1200}]
    plan = a_plan(about="Whether", decider="The board", documents=documents, targets=targets, survey_ids=["srv_1"])
    standing = Consultation.model_validate(
        {"consultation_id": "cns_1", "version": 3, "state": "draft", "plan": plan.model_dump()}
        | {"created_at": "2014-01-15T10:30:00Z", "created_by": "Jo", "changed_at": "2014-01-15T10:30:00Z"}
        | {"changed_by": "Jo"}
    )
    form = consultation_form.of_consultation(standing)
    assert (consultation_form.read(form), form.values["version"]) == (plan, 3)
