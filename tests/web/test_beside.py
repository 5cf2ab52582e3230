"""A contact's page: who else took part, and what was never answered."""

import html

import httpx
import pytest

from services.web.access import Caller
from shared.contracts.base import new_id
from shared.contracts.cases import AnswerCase, OpenCase
from shared.contracts.contacts import RegisterContact
from shared.contracts.events import RecordEngagement
from tests.builders import a_new_contact, a_report
from tests.web.conftest import County
from tests.web.test_over_time import to
from tests.web.test_pages import add, text

pytestmark = pytest.mark.anyio


def log(county: County, title: str, *contact_ids: str, **fields: object) -> str:
    asked = RecordEngagement(request_id=new_id(), reported=a_report(title=title, **fields), contact_ids=contact_ids)
    found: str = county.bus.call(asked).engagement_id
    county.settle()
    return found


async def test_whoever_else_took_part_leads_to_what_they_have_in_common(
    county: County, browser: httpx.AsyncClient
) -> None:
    mary, bob = await add(county), await add(county, 'Bob "Bobby" Day')
    assert "Who else took part" not in text(await browser.get(f"/contacts/{mary}"))
    log(county, "Both were there", mary, bob)
    log(county, "Alone", mary)
    page = await browser.get(f"/contacts/{mary}")
    assert 'Bob "Bobby" Day 1 entry together' in html.unescape(text(page))
    common = await browser.get(to(page, 'Bob "Bobby" Day').partition("#")[0])
    assert common.url.path == f"/contacts/{mary}"
    assert "1 entry" in text(common)
    assert "Both were there" in text(common)
    assert "Alone" not in text(common)
    assert 'Remove With: Bob "Bobby" Day' in html.unescape(text(common))
    assert "Bobby" not in str(common.url)
    while_typing = await browser.get(f"/contacts/{mary}?q=both", headers={"hx-request": "true"})
    assert "Who else took part" not in text(while_typing)


async def test_whoever_has_the_same_name_is_not_meant(county: County, browser: httpx.AsyncClient) -> None:
    mary, bob = await add(county), await add(county, "Bob Day")
    other = county.bus.call(RegisterContact(request_id=new_id(), contact=a_new_contact("Bob Day"))).contact_id
    log(county, "With the one", mary, bob)
    log(county, "With the other", mary, other)
    for contact_id, title in ((bob, "With the one"), (other, "With the other")):
        page = text(await browser.get(f"/contacts/{mary}?together={contact_id}&source=events"))
        assert "1 entry" in page
        assert title in page
    assert "0 entries" in text(await browser.get(f"/contacts/{mary}?together=con_nobody"))


async def test_what_was_never_answered_stands_on_the_page_until_it_is(
    county: County, browser: httpx.AsyncClient
) -> None:
    mary = await add(county)
    why = log(county, "Why is it closed?", mary, kind="question")
    page = await browser.get(f"/contacts/{mary}")
    assert "Not answered yet No answer to these is recorded. Why is it closed? Question," in text(page)
    assert to(page, "Why is it closed?") == f"/engagements/{why}#case"
    about = {"engagement_id": why, "by": "Kim"}
    case = county.bus.call(OpenCase.model_validate(about))
    county.settle()
    assert "taken on" in text(await browser.get(f"/contacts/{mary}"))
    answer = about | {"text": "The roof leaks.", "version": case.version, "request_id": "answer"}
    county.bus.call(AnswerCase.model_validate(answer))
    county.settle()
    assert "Not answered yet" not in text(await browser.get(f"/contacts/{mary}"))


async def test_nobody_meets_beside_a_timeline_what_they_may_not_see(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    mary, bob = await add(county), await add(county, "Bob Day")
    log(county, "Why was I not told?", mary, bob, kind="complaint", sensitive=True)
    log(county, "When does it open?", mary, kind="question")
    async with county.browser("board_reader") as reader, county.browser("patient_experience") as pals:
        seen = text(await reader.get(f"/contacts/{mary}"))
        assert "When does it open?" in seen
        assert "Why was I not told?" not in seen
        assert "Bob Day" not in seen
        seen = text(await pals.get(f"/contacts/{mary}"))
        assert "Why was I not told?" in seen
        assert "Bob Day 1 entry together" in seen
        monkeypatch.setattr(Caller, "may", lambda self, permission: permission != "cases:read")
        assert "Not answered yet" not in text(await reader.get(f"/contacts/{mary}"))


async def test_of_many_questions_the_rest_is_one_step_away(county: County, browser: httpx.AsyncClient) -> None:
    mary = await add(county)
    for number in range(8):
        log(county, f"Why {number}?", mary, kind=("question", "complaint")[number % 2])
    page = await browser.get(f"/contacts/{mary}")
    assert "And 2 more: all that was asked" in text(page)
    assert "8 entries" in text(await browser.get(to(page, "all that was asked").partition("#")[0]))
