"""Staff see and record what a contact allows with a browser that runs no JavaScript."""

import httpx
import pytest

from tests.web.conftest import County
from tests.web.test_pages import add, fill, text

pytestmark = pytest.mark.anyio
SAID = {"given": "yes", "purpose": ["newsletter"], "channel": ["email", "post"], "method": "paper_form"}


async def test_what_is_recorded_stands_on_the_contacts_page_and_on_its_timeline(
    county: County, browser: httpx.AsyncClient
) -> None:
    contact_id = await add(county)
    assert "Nothing is recorded" in text(await browser.get(f"/contacts/{contact_id}"))
    form = await browser.get(f"/contacts/{contact_id}/consent")
    sent = await fill(browser, form, "wording", **SAID, wording="May we write to you?", evidence="form 12")
    assert sent.status_code == 303, text(sent)
    county.settle()
    page = text(await browser.get(sent.headers["location"]))
    assert "What they said has been recorded." in page
    assert "Everything they said (2)" in page
    assert "Evidence: form 12" in page
    assert "Mary Okafor allowed the newsletter by post, on a paper form." in page
    assert "icons.svg#tick" in (await browser.get(f"/contacts/{contact_id}")).text


async def test_a_withdrawal_can_be_of_everything_at_once(county: County, browser: httpx.AsyncClient) -> None:
    contact_id = await add(county)
    form = await browser.get(f"/contacts/{contact_id}/consent")
    said = SAID | {"given": "no", "purpose": ["newsletter", "*"], "channel": ["*"]}
    await fill(browser, form, "wording", **said, wording="Please stop")
    county.settle()
    page = text(await browser.get(f"/contacts/{contact_id}"))
    assert "Everything they said (1)" in page
    assert "no longer allowed everything, every channel" in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"given": ""}, "Choose whether they allow it"),
        ({"purpose": []}, "Choose at least one purpose"),
        ({"channel": []}, "Choose at least one way to reach them"),
        ({"method": ""}, "Choose how they said so"),
        ({"wording": ""}, "Enter what they were asked"),
        ({"said_date": "soon"}, "Enter the day as day"),
        ({"said_date": "2999-01-01"}, "cannot be of a time to come"),
        ({"purpose": ["*"]}, "one purpose and one channel at a time"),
    ],
)
async def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    county: County, browser: httpx.AsyncClient, typed: dict[str, object], sentence: str
) -> None:
    contact_id = await add(county)
    form = await browser.get(f"/contacts/{contact_id}/consent")
    sent = await fill(browser, form, "wording", **(SAID | {"wording": "May we?", "evidence": "form 12"} | typed))
    assert sent.status_code == 422
    assert sentence in text(sent)
    assert "form 12" in sent.text
    assert "Nothing is recorded" in text(await browser.get(f"/contacts/{contact_id}"))
