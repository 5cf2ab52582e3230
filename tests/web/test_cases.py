"""Staff see to what people asked, with a browser that runs no JavaScript."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.contracts.cases import AnswerCase, GetHandled, Handled, OpenCase
from tests.builders import today
from tests.notifications.sink import Sink
from tests.web.conftest import County
from tests.web.test_home import home
from tests.web.test_pages import add, fill, log, text

pytestmark = pytest.mark.anyio


async def a_question(browser: httpx.AsyncClient, county: County, **typed: Any) -> str:
    """The address of a question that Mary asked and staff logged."""
    mary = await add(county, email=("mary@example.org",))
    page = await browser.get(f"/engagements/new?contact_id={mary}")
    response = await fill(browser, page, **({"kind": "question", "title": "Why is the stop closed?"} | typed))
    assert response.status_code == 303, text(response)
    county.settle()
    return response.headers["location"].partition("?")[0]


def handled(county: County, address: str) -> Handled:
    return county.bus.call(GetHandled(engagement_id=address.rpartition("/")[2], sensitive=True))


async def take_on(browser: httpx.AsyncClient, address: str, **typed: Any) -> httpx.Response:
    return await fill(browser, await browser.get(address), "owner_id", **typed)


async def test_from_taking_on_to_what_we_did(browser: httpx.AsyncClient, county: County) -> None:
    sink = Sink()
    county.settings.smtp_url = sink.url
    address = await a_question(browser, county)
    assert "Nobody has taken it on yet" in text(await browser.get(address))
    taken = await take_on(browser, address)
    assert taken.headers["location"] == f"{address}?done=opened#case"
    page = await browser.get(taken.headers["location"])
    assert "It has been taken on." in text(page)
    assert "Sam Staff" in text(page)
    way = "send:" + handled(county, address).engagement.contact_ids()[0]
    assert way in page.text
    answered = await fill(browser, page, "answer", answer="It opens in May.", way=way)
    assert answered.headers["location"] == f"{address}?done=sent#case"
    county.settle()
    county.sender.run_until_idle()
    county.settle()
    assert [to for to, _ in sink.got] == ["mary@example.org"]
    page = await browser.get(address)
    assert "The message was sent." in text(page)
    noted = await fill(browser, page, "note", note="Look whether it is open")
    assert noted.status_code == 303
    page = await browser.get(address)
    assert "Look whether it is open" in text(page)
    closed = await fill(browser, page, "outcome", outcome="The stop was moved.", result="we_did")
    assert closed.status_code == 303, text(closed)
    page = await browser.get(closed.headers["location"])
    assert "What we did" in text(page)
    assert "Answer again" not in text(page)
    wrong = await fill(browser, page, "reason", reason="")
    assert (wrong.status_code, "Write why it is opened again" in text(wrong)) == (422, True)
    again = await fill(browser, page, "reason", reason="It was moved back")
    assert again.headers["location"] == f"{address}?done=reopened#case"
    page = await browser.get(again.headers["location"])
    assert "It is open again." in text(page)
    assert "It was moved back" in text(page)
    same = await fill(browser, page, "answer", answer="It opens in May.", way=way)
    assert "They were told this before" in text(await browser.get(same.headers["location"]))
    done = await browser.post(
        f"{address}/case/notes/1/done",
        data={"csrf_token": token(page), "version": handled(county, address).case.version, "request_id": "x"},  # type: ignore[union-attr]
    )
    assert done.status_code == 303
    county.settle()
    assert "We did: Why is the stop closed?" in text(await browser.get("/search?q=moved"))
    sink.close()


def token(page: httpx.Response) -> str:
    return page.text.partition('name="csrf_token" value="')[2].partition('"')[0]


async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    browser: httpx.AsyncClient, county: County
) -> None:
    address = await a_question(browser, county)
    await take_on(browser, address)
    page = await browser.get(address)
    for typed, sentence in (
        ({"answer": "It opens in May.", "way": ""}, "Choose how they were answered"),
        ({"answer": "", "way": "phone"}, "Write what was said"),
        ({"answer": "It opens in May.", "way": "send:con_none"}, "Only somebody who took part"),
    ):
        wrong = await fill(browser, page, "answer", **typed)
        assert wrong.status_code == 422
        assert sentence in text(wrong)
        assert typed["answer"] in wrong.text
    wrong = await fill(browser, page, "outcome", outcome="Because there is no money.")
    assert (wrong.status_code, "Choose whether something was changed" in text(wrong)) == (422, True)
    assert "Because there is no money." in wrong.text
    wrong = await fill(browser, page, "note", note="Ring her", note_due_on="soon")
    assert (wrong.status_code, "Ring her" in wrong.text) == (422, True)
    wrong = await take_on(browser, address, due_on="")
    assert wrong.status_code == 422


async def test_of_two_who_decide_the_later_keeps_what_was_typed(browser: httpx.AsyncClient, county: County) -> None:
    address = await a_question(browser, county)
    await take_on(browser, address)
    page = await browser.get(address)
    assert (await fill(browser, page, "note", note="First")).status_code == 303
    late = await fill(browser, page, "answer", answer="It opens in May.", way="phone", request_id="late")
    assert late.status_code == 409
    assert "It opens in May." in late.text
    assert "in the meantime" in text(late)


async def test_while_the_service_is_away_nothing_typed_is_lost(browser: httpx.AsyncClient, county: County) -> None:
    address = await a_question(browser, county)
    await take_on(browser, address)
    page = await browser.get(address)
    county.web_bus.down.add("contacts")
    way = "send:" + handled(county, address).engagement.contact_ids()[0]
    county.bus._services.pop("contacts")
    failed = await fill(browser, page, "answer", answer="It opens in May.", way=way)
    assert failed.status_code == 503
    assert handled(county, address).case.answer is None  # type: ignore[union-attr]


async def test_the_list_is_of_ones_own_work_first(browser: httpx.AsyncClient, county: County) -> None:
    assert "Nothing is open." in text(await browser.get("/cases"))
    address = await a_question(browser, county)
    await take_on(browser, address, due_on=f"{today() - timedelta(days=2)}")
    other = await log(browser, county, kind="complaint", title="The lift is broken")
    county.bus.call(OpenCase(engagement_id=other.rpartition("/")[2]))
    page = text(await browser.get("/cases"))
    assert "Why is the stop closed?" in page
    assert "Overdue by 2 days" in page
    assert "The lift is broken" not in page
    everybody = text(await browser.get("/cases?owner=all"))
    assert "The lift is broken" in everybody
    assert "Nobody sees to it yet" in everybody
    assert "The lift is broken" not in text(await browser.get("/cases?owner=all&kind=question"))
    assert "Why is the stop closed?" not in text(await browser.get("/cases?owner=all&when=unowned"))
    assert "Nothing has been closed yet." in text(await browser.get("/cases?when=closed"))
    assert (await browser.get("/cases?when=nonsense&kind=nonsense&cursor=x")).status_code == 200


async def test_the_first_page_names_ones_own_overdue_and_due_cases(browser: httpx.AsyncClient, county: County) -> None:
    address = await a_question(browser, county)
    await take_on(browser, address, due_on=f"{today() - timedelta(days=2)}")
    page = await home(county)
    assert f'<a href="{address}#case"><strong>1</strong> question or complaint of yours is overdue' in page
    await fill(browser, await browser.get(address), "due_on", due_on=f"{today()}")
    assert "of yours is due within a week" in await home(county)
    assert "of yours" not in await home(county, "patient_experience")
    await fill(browser, await browser.get(address), "owner_id", owner_id="")
    assert "has nobody who sees to it" in await home(county, "patient_experience")
    assert "has nobody who sees to it" not in await home(county, "board_reader")


async def test_who_may_only_read_sees_what_becomes_of_it_and_no_forms(
    browser: httpx.AsyncClient, county: County
) -> None:
    address = await a_question(browser, county)
    await take_on(browser, address)
    about = {"engagement_id": address.rpartition("/")[2], "version": 1, "request_id": "a", "how": "phone"}
    county.bus.call(AnswerCase.model_validate(about | {"text": "It opens in May."}))
    async with county.browser("board_reader") as reader:
        page = await reader.get(address)
        assert "It opens in May." in text(page)
        assert "<textarea" not in page.text
        assert "Why is the stop closed?" in text(await reader.get("/cases"))
        refused = await reader.post(f"{address}/case/close", data={"csrf_token": token(page)})
        assert refused.status_code == 403


async def test_a_restricted_case_is_nobodys_business_who_may_not_see_it(
    browser: httpx.AsyncClient, county: County
) -> None:
    address = await a_question(browser, county, kind="complaint", title="About my treatment", sensitive="yes")
    await take_on(browser, address)
    async with county.browser("engagement_officer") as officer:
        page = await officer.get("/cases?owner=all")
        assert "About my treatment" not in page.text
        assert "Everything open <span" not in page.text or '<span class="wh-quiet">0</span>' in page.text
        assert (await officer.get(address)).status_code == 404
