"""The timelines of a consultation, an organisation, a locality and a topic, with a browser that runs no JavaScript."""

from urllib.parse import quote

import httpx
import pytest

from shared.contracts.base import new_id
from shared.contracts.events import RecordEngagement
from shared.contracts.relationships import AddRelationship, RemoveRelationship
from tests.builders import a_report
from tests.web.conftest import County
from tests.web.test_calendar import PLAN
from tests.web.test_consultations import DESK, planned
from tests.web.test_pages import add, fill, text

pytestmark = pytest.mark.anyio


def log(county: County, title: str, contact_id: str = "", **fields: object) -> None:
    chosen = (contact_id,) if contact_id else ()
    asked = RecordEngagement(request_id=new_id(), reported=a_report(title=title, **fields), contact_ids=chosen)
    county.bus.call(asked)
    county.settle()


async def test_the_page_of_a_consultation_leads_to_its_timeline(county: County, browser: httpx.AsyncClient) -> None:
    made = planned(county, title="Walk-in centres")
    address = f"{DESK}/{made.consultation_id}"
    assert f'href="{address}/timeline"' in (await browser.get(address)).text
    empty = text(await browser.get(f"{address}/timeline"))
    assert "0 entries" in empty
    assert "Nothing has happened yet." in empty
    log(county, "A letter about it", consultation_id=made.consultation_id)
    log(county, "A letter about something else")
    shown = text(await browser.get(f"{address}/timeline"))
    assert "1 entry" in shown
    assert "A letter about it" in shown
    assert "something else" not in shown
    nothing = text(await browser.get(f"{address}/timeline?q=buses"))
    assert "Nothing matches." in nothing
    assert (await browser.get(f"{DESK}/cns_none/timeline")).status_code == 404


async def test_an_entry_leads_to_the_timelines_of_its_place_and_its_topics(
    county: County, browser: httpx.AsyncClient
) -> None:
    topic = "access & parking / north"
    log(county, "No space for my car", locality="eastmere", topics=[topic])
    log(county, "In another place", locality="northgate")
    found = await browser.get("/search")
    assert f'href="/topics?topic={quote(topic)}"' in found.text
    assert 'href="/localities?locality=eastmere"' in found.text
    for address in (f"/topics?topic={quote(topic)}", "/localities?locality=eastmere"):
        shown = await browser.get(address)
        assert "1 entry" in text(shown)
        assert "No space for my car" in text(shown)
        assert "Remove" not in text(shown)  # what makes the timeline is no filter that can be taken away
        assert "First said" in text(shown)
    narrowed = await browser.get(f"/topics?topic={quote(topic)}&kind=conversation&q=buses")
    assert "Nothing matches." in text(narrowed)
    assert 'name="topic" value="access &amp; parking / north"' in narrowed.text
    assert "names this topic" in text(await browser.get("/topics?topic=none"))
    assert (await browser.get("/topics")).headers["location"] == "/search"


async def test_an_organisation_shows_what_its_people_said_while_they_belonged_to_it(
    county: County, browser: httpx.AsyncClient
) -> None:
    mary, carers = await add(county), await add(county, "Eastmere Carers", kind="organisation")
    log(county, "Respite care", carers)
    log(county, "As their chair", mary, occurred_at="2014-03-01T10:00:00Z")
    log(county, "Before her time", mary, occurred_at="2013-03-01T10:00:00Z")
    about = {"request_id": "role", "contact_id": mary, "with_id": carers, "role": "Chair", "since": "2014-01-01"}
    role = county.bus.call(AddRelationship.model_validate(about))
    page = text(await browser.get(f"/contacts/{carers}"))
    assert "Without what its people said while they belonged to it (1 person)" in page
    assert "As their chair" in page
    assert "Before her time" not in page
    own = text(await browser.get(f"/contacts/{carers}?own=yes"))
    assert "Respite care" in own
    assert "As their chair" not in own
    county.bus.call(RemoveRelationship(relationship_id=role.relationship_id))
    assert "As their chair" not in text(await browser.get(f"/contacts/{carers}"))


async def test_restricted_entries_are_on_no_timeline_of_whoever_may_not_see_them(county: County) -> None:
    carers = await add(county, "Eastmere Carers", kind="organisation")
    made = planned(county)
    about = {"locality": "eastmere", "topics": ["access"], "consultation_id": made.consultation_id}
    log(county, "A complaint", carers, sensitive=True, **about)
    addresses = (f"{DESK}/{made.consultation_id}/timeline", "/localities?locality=eastmere", "/topics?topic=access")
    async with county.browser("board_reader") as reader, county.browser("patient_experience") as pals:
        for address in (*addresses, f"/contacts/{carers}?source=events"):
            assert "0 entries" in text(await reader.get(address)), address
            assert "1 entry" in text(await pals.get(address)), address


async def test_a_meeting_is_planned_from_its_consultation_and_stands_on_its_timeline(
    county: County, browser: httpx.AsyncClient
) -> None:
    made = planned(county)
    address = f"{DESK}/{made.consultation_id}"
    assert f"/calendar/new?consultation_id={made.consultation_id}" in (await browser.get(address)).text
    form = await browser.get(f"/calendar/new?consultation_id={made.consultation_id}")
    assert f'value="{made.consultation_id}" selected' in form.text
    typed = PLAN | {"consultation_id": made.consultation_id, "about": "Come and say what you think."}
    saved = await fill(browser, form, **typed)
    meeting = saved.headers["location"].partition("?")[0]
    county.settle()
    page = await browser.get(f"{address}/timeline?source=meetings")
    assert "is planned" in text(page)
    assert "Come and say what you think." in text(page)
    assert f'href="{meeting}"' in page.text
    assert f'href="{address}"' in (await browser.get(meeting)).text
