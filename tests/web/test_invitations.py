"""Staff invite people to a survey from its page, see who has answered, and remind the others."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.answer_links import read
from shared.contracts.consent import RecordConsents
from shared.contracts.consultations import CreateConsultation, OpenConsultation, Plan
from shared.contracts.contacts import RegisterContact
from shared.contracts.notifications import ListMailings
from shared.contracts.segments import CreateSegment, Rule
from shared.contracts.surveys import CloseSurvey, CreateSurvey, OpenSurvey, Survey
from tests.builders import a_new_contact, a_statement
from tests.notifications.sink import Sink
from tests.surveys.asking import a_definition, a_question
from tests.web.conftest import SECRET, County
from tests.web.test_answering import answer, opened
from tests.web.test_mailings import post
from tests.web.test_pages import Fields, fill, text

pytestmark = pytest.mark.anyio


@pytest.fixture
def carers(county: County) -> str:
    """A segment of seven people who may be asked; its id."""
    for number in range(7):
        new = a_new_contact(f"Person {number}", email=(f"person{number}@example.org",), groups=("carers",))
        contact = county.bus.call(RegisterContact(request_id=f"person{number}", contact=new))
        said = (a_statement(contact.contact_id, purpose="survey"),)
        county.bus.call(RecordConsents(request_id=f"said{number}", statements=said))
    rule = Rule.model_validate({"conditions": [{"field": "group", "any_of": ["carers"]}]})
    segment = county.bus.call(CreateSegment(request_id="carers", name="Carers", rule=rule))
    for _ in range(20):
        county.bus.tick()
    county.settle()
    return str(segment.segment_id)


async def send_from(county: County, browser: httpx.AsyncClient, form_on: str, **changed: str) -> str:
    """Fill in the form that a page suggests, save it, send it; the address of the mailing."""
    page = await browser.get(form_on)
    assert page.status_code == 200, text(page)
    saved = await fill(browser, page, "subject", **changed)
    assert saved.status_code == 303, text(saved)
    address = saved.headers["location"].partition("?")[0]
    sent = await post(browser, f"{address}/send", f"{address}/send", version="1", when="now")
    assert sent.status_code == 303, text(sent)
    county.sender.run_until_idle()
    county.settle()
    return str(address)


async def follow(county: County, content: str) -> None:
    """Whoever got the message answers over its link."""
    found = re.search(r"/answer/p/[\w.-]+", content.replace("=\r\n", ""))
    assert found
    async with county.client() as somebody:
        page = await somebody.get(found[0])
        assert "Person" not in page.text
        assert (await answer(somebody, page, q_ease="hard")).status_code == 303
    county.settle()


async def test_people_are_invited_from_the_page_of_the_survey_and_reminded_from_that_of_the_invitation(
    county: County, browser: httpx.AsyncClient, carers: str, sink: Sink
) -> None:
    survey = opened(county, a_question("ease"), title="Getting here")
    page = await browser.get(f"/surveys/{survey.survey_id}")
    assert f"/mailings/new?survey={survey.survey_id}" in page.text
    assert "Remind them" not in text(page)
    invitation = await send_from(county, browser, f"/mailings/new?survey={survey.survey_id}", segment_id=carers)
    assert len(sink.got) == 7
    for _, content in sink.got[:2]:
        await follow(county, content)
    shown = text(await browser.get(invitation))
    assert "An invitation to the survey Getting here" in shown
    assert "7 to be invited 2 answered 29% response rate" in shown
    on_survey = text(await browser.get(f"/surveys/{survey.survey_id}"))
    assert "Carers 7 2 29%" in on_survey
    remind = re.search(r'href="(/mailings/new\?survey=[^"]+&amp;of=[^"]+)"', (await browser.get(invitation)).text)
    assert remind
    reminder = await send_from(county, browser, remind[1].replace("&amp;", "&"))
    assert len(sink.got) == 12
    assert "A reminder, only for those who have not answered" in text(await browser.get(reminder))
    kept_back = text(await browser.get(f"{reminder}/recipients?state=suppressed"))
    assert kept_back.count("has answered the survey") == 2
    (person,) = re.findall(r"con_\w+", (await browser.get(f"{reminder}/recipients")).text)[:1]
    timeline = text(await browser.get(f"/contacts/{person}"))
    assert "an invitation to the survey “Getting here”" in timeline
    assert "a reminder of the survey “Getting here”" in timeline


async def test_the_page_of_a_consultation_says_who_was_invited_to_its_surveys(
    county: County, browser: httpx.AsyncClient, carers: str, sink: Sink
) -> None:
    survey = opened(county, a_question("ease"), title="Getting here")
    plan = Plan(
        title="Transport", survey_ids=(survey.survey_id,), closes_on=datetime.now(UTC).date() + timedelta(days=9)
    )
    made = county.bus.call(CreateConsultation(request_id="c", plan=plan))
    county.bus.call(OpenConsultation(consultation_id=made.consultation_id, version=1))
    address = f"/consultations/desk/{made.consultation_id}"
    assert "Invite people to Getting here" in text(await browser.get(address))
    await send_from(county, browser, f"/mailings/new?survey={survey.survey_id}", segment_id=carers)
    shown = text(await browser.get(address))
    assert "Invited to Getting here" in shown
    assert "Carers 7 0 0%" in shown
    assert "Remind them of Getting here" in shown
    county.web_bus.down.add("notifications")
    assert "Invitations cannot be asked about just now" in text(await browser.get(address))


async def test_text_without_the_link_comes_back_with_everything_that_was_typed(
    county: County, browser: httpx.AsyncClient, carers: str
) -> None:
    survey = opened(county, a_question("ease"), title="Getting here")
    page = await browser.get(f"/mailings/new?survey={survey.survey_id}")
    refused = await fill(browser, page, "subject", segment_id=carers, body="Please answer")
    assert refused.status_code == 422
    assert "The text has no {survey_link}" in text(refused)
    kept = Fields(refused.text, "subject").values
    assert (kept["body"], kept["survey_id"]) == (["Please answer"], [survey.survey_id])
    assert county.bus.call(ListMailings()).items == ()


async def test_nobody_is_invited_to_a_survey_that_is_closed(
    county: County, browser: httpx.AsyncClient, carers: str
) -> None:
    survey = opened(county, a_question("ease"), title="Getting here")
    form_on = f"/mailings/new?survey={survey.survey_id}"
    saved = await fill(browser, await browser.get(form_on), "subject", segment_id=carers)
    address = saved.headers["location"].partition("?")[0]
    close(county, survey)
    refused = await post(browser, f"{address}/send", f"{address}/send", version="1", when="now")
    assert (refused.status_code, "“Getting here” is not open" in text(refused)) == (409, True)
    assert "nobody can be invited to it" in text(await browser.get(form_on))
    assert "Getting here" in text(await browser.get(f"{address}/edit"))


def close(county: County, survey: Survey) -> None:
    county.bus.call(CloseSurvey(survey_id=survey.survey_id, version=survey.version))


async def test_the_form_keeps_what_was_chosen_while_a_service_does_not_answer(
    county: County, browser: httpx.AsyncClient, carers: str
) -> None:
    survey = opened(county, a_question("ease"), title="Getting here")
    form_on = f"/mailings/new?survey={survey.survey_id}"
    page = await browser.get(form_on)
    county.web_bus.down.add("notifications")
    kept = await fill(browser, page, "subject", segment_id=carers)
    assert kept.status_code == 503
    values = Fields(kept.text, "subject").values
    assert values["survey_id"] == [survey.survey_id]
    assert "{survey_link}" in values["body"][0]


async def test_a_preview_and_a_test_show_a_link_that_nobody_can_answer_over(
    county: County, browser: httpx.AsyncClient, carers: str, sink: Sink
) -> None:
    survey = opened(county, a_question("ease"), title="Getting here")
    form_on = f"/mailings/new?survey={survey.survey_id}"
    saved = await fill(browser, await browser.get(form_on), "subject", segment_id=carers)
    address = saved.headers["location"].partition("?")[0]
    preview = await browser.get(f"{address}/preview")
    assert f"/surveys/{survey.survey_id}/preview" in text(preview)
    assert "Nobody fills in" not in text(preview)
    await post(browser, f"{address}/preview", f"{address}/test", address="me@example.org")
    county.sender.run_until_idle()
    ((_, content),) = sink.got
    assert f"/surveys/{survey.survey_id}/preview" in content.replace("=\r\n", "")
    assert read(SECRET, "preview", datetime.now(UTC)) is None


async def test_of_an_anonymous_survey_the_pages_say_no_exact_number(
    county: County, browser: httpx.AsyncClient, carers: str, sink: Sink
) -> None:
    made = county.bus.call(CreateSurvey(request_id="s", definition=a_definition(a_question("ease")), anonymous=True))
    county.bus.call(OpenSurvey(survey_id=made.survey_id, version=1))
    await send_from(county, browser, f"/mailings/new?survey={made.survey_id}", segment_id=carers)
    assert "The survey is anonymous" in sink.got[0][1].replace("=\r\n", "")
    for first, last, said in ((0, 4, "Carers 7 fewer than 5"), (4, 6, "Carers 7 5 or more 71% or more")):
        for _, content in sink.got[first:last]:
            await follow(county, content)
        assert said in text(await browser.get(f"/surveys/{made.survey_id}"))
