"""Templates on the page: written, edited by two, taken back, and what a mailing begins from."""

import httpx
import pytest

from shared.contracts.base import new_id
from shared.contracts.notifications import ListMailings
from shared.contracts.templates import CreateTemplate, ListTemplates, SaveTemplate
from tests.builders import a_template_text
from tests.web.conftest import County
from tests.web.test_mailings import panel, post

pytestmark = pytest.mark.anyio
__all__ = ["panel"]
TYPED = {"name": "Welcome", "subject": "Welcome, {name}", "body": "Dear **{name}**"}


async def test_a_template_is_written_changed_and_taken_back(county: County, browser: httpx.AsyncClient) -> None:
    assert "No template is saved yet" in (await browser.get("/templates")).text
    saved = await post(browser, "/templates/new", "/templates/new", **TYPED)
    assert saved.status_code == 303
    address = saved.headers["location"].partition("?")[0]
    assert "Welcome, Mary Okafor" in (await browser.get(saved.headers["location"])).text
    edit = f"{address}/edit"
    await post(browser, edit, edit, **(TYPED | {"subject": "Hello", "version": "1"}))
    versions = await browser.get(f"{address}/versions")
    assert "Version 2" in versions.text
    assert "saved by <bdi>Sam Staff</bdi>" in (await browser.get("/templates")).text
    assert "This is an older version" in (await browser.get(f"{address}?version=1")).text
    back = await post(browser, f"{address}/versions", f"{address}/restore", version="1")
    assert back.status_code == 303
    page = await browser.get(address)
    assert "Template, version 3" in page.text
    assert "with the text of version 1" in page.text
    message = await browser.get(f"{address}/message?version=2&name=<b>Eve")
    assert "&lt;b&gt;Eve" in message.text


async def test_a_mailing_begins_from_a_template_and_keeps_its_version(
    county: County, browser: httpx.AsyncClient, panel: str
) -> None:
    template = county.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text(subject="From a template")))
    form = await browser.get(f"/mailings/new?template={template.template_id}")
    assert 'value="From a template"' in form.text
    typed = {"template_id": template.template_id, "template_version": "1", "segment_id": panel, "purpose": "newsletter"}
    await post(browser, "/mailings/new", "/mailings/new", subject="S", body="B", **typed)
    changed = a_template_text(subject="Later")
    county.bus.call(SaveTemplate(template_id=template.template_id, version=1, text=changed))
    (mailing,) = county.bus.call(ListMailings()).items
    assert (mailing.draft.template_id, mailing.draft.template_version) == (template.template_id, 1)
    page = await browser.get(f"/mailings/{mailing.mailing_id}")
    assert f"/templates/{template.template_id}?version=1" in page.text
    assert 'name="template_version" value="1"' in (await browser.get(f"/mailings/{mailing.mailing_id}/edit")).text


async def test_the_later_of_two_who_edit_a_template_is_told_and_loses_nothing(
    county: County, browser: httpx.AsyncClient
) -> None:
    template = county.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text()))
    county.bus.call(SaveTemplate(template_id=template.template_id, version=1, text=a_template_text(subject="Theirs")))
    edit = f"/templates/{template.template_id}/edit"
    answer = await post(browser, edit, edit, **(TYPED | {"subject": "Mine", "version": "1"}))
    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert "edit it afresh" in answer.text


async def test_what_is_missing_is_said_beside_its_field(county: County, browser: httpx.AsyncClient) -> None:
    answer = await post(browser, "/templates/new", "/templates/new", name="", subject="Kept", body="")
    assert answer.status_code == 422
    assert "Enter a name" in answer.text
    assert "Enter the text" in answer.text
    assert "Kept" in answer.text
    assert county.bus.call(ListTemplates()).items == ()


async def test_whoever_only_reads_is_offered_no_button(county: County) -> None:
    template = county.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text()))
    async with county.browser("engagement_officer") as reader:
        page = await reader.get(f"/templates/{template.template_id}")
        assert page.status_code == 200
        assert "Edit" not in page.text
        assert (await reader.get(f"/templates/{template.template_id}/edit")).status_code == 403
