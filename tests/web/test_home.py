"""The first page says what needs whoever looks, and nothing that their role may not see to."""

import httpx
import pytest

from shared.contracts.contacts import RegisterContact
from shared.contracts.notifications import DraftMailing, ScheduleMailing
from shared.contracts.preferences import AskForErasure, GivePreferenceKeys
from tests.builders import a_cloudevent, a_mailing_draft, a_new_contact
from tests.web.conftest import County, Partner
from tests.web.test_pages import text

pytestmark = pytest.mark.anyio


async def home(county: County, *roles: str) -> str:
    county.app.state.backend.board._until = 0.0  # what was counted a moment ago is counted anew
    async with county.browser(*roles) as browser:
        answer = await browser.get("/")
    assert answer.status_code == 200
    return answer.text


def two_marys(county: County) -> str:
    """Two contacts of one address; the id of the first."""
    new = a_new_contact("Mary Okafor", email=("mary@example.org",))
    mary = county.bus.call(RegisterContact(request_id="mary", contact=new))
    county.bus.call(RegisterContact(request_id="maria", contact=new, shared=True))
    return str(mary.contact_id)


async def test_an_empty_system_says_kindly_that_nothing_waits(county: County) -> None:
    assert "Nothing waits for you." in await home(county)


async def test_each_sort_of_work_is_counted_and_leads_to_where_it_is_done(county: County) -> None:
    mary = two_marys(county)
    key = county.bus.call(GivePreferenceKeys(contact_ids=(mary,))).keys[mary]
    county.bus.call(AskForErasure(key=key))
    draft = county.bus.call(DraftMailing(request_id="draft", draft=a_mailing_draft()))
    later = county.bus.call(DraftMailing(request_id="later", draft=a_mailing_draft()))
    county.bus.call(ScheduleMailing(mailing_id=later.mailing_id, version=1))
    await Partner(county, "St Agnes").post(a_cloudevent(kind="gossip"))
    page = await home(county)
    for said, href in {
        "<strong>1</strong> person asks to be erased": "/erasures",
        "<strong>1</strong> pair of contacts may be the same": "/contacts/duplicates",
        "<strong>1</strong> mailing is a draft": f"/mailings/{draft.mailing_id}",
        "<strong>1</strong> mailing is scheduled": f"/mailings/{later.mailing_id}",
        "<strong>1</strong> event of partners could not be recorded": "/quarantine",
    }.items():
        assert f'<a href="{href}">{said}' in page


async def test_nobody_is_shown_work_of_another_role(county: County) -> None:
    two_marys(county)
    county.bus.call(DraftMailing(request_id="draft", draft=a_mailing_draft()))
    assert "Nothing waits for you." in await home(county, "board_reader")
    pals = await home(county, "patient_experience")
    assert "may be the same" in pals
    assert "draft" not in pals
    assert "mailing is a draft" in await home(county, "communications_officer")


async def test_a_pair_that_was_decided_on_does_not_wait_any_more(county: County) -> None:
    two_marys(county)
    assert "may be the same" in await home(county)
    async with county.browser() as browser:
        page = await browser.get("/contacts/duplicates")
        ids = dict.fromkeys(("one", "other"))
        for name in ids:
            ids[name] = page.text.partition(f'name="{name}" value="')[2].partition('"')[0]
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        await browser.post("/contacts/different", data=ids | {"csrf_token": token})
    assert "may be the same" not in await home(county)


async def test_a_service_that_does_not_answer_is_named_and_the_rest_is_shown(county: County) -> None:
    two_marys(county)
    await home(county)
    county.web_bus.down.add("notifications")
    page = await home(county)
    assert "Notifications does not answer just now" in page
    assert "may be the same" in page


async def test_the_first_page_asks_two_questions_of_its_own(county: County, browser: httpx.AsyncClient) -> None:
    await browser.get("/")
    county.web_bus.asked.clear()
    assert "What needs you today" in text(await browser.get("/"))
    assert county.web_bus.asked == ["search_history", "search_history"]
