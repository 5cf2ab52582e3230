"""Templates on the page: written, edited by two, taken back, and what a mailing begins from."""

import httpx
import pytest

from shared.contracts.base import new_id
from shared.contracts.notifications import ListMailings
from shared.contracts.rules import CreateRule, RuleSettings
from shared.contracts.templates import CreateTemplate, ListTemplates, PutAwayTemplate, SaveTemplate
from tests.builders import a_template_text
from tests.web.conftest import County
from tests.web.test_mailings import panel, post, token_on

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


async def test_a_template_that_is_put_away_is_offered_nowhere_and_taken_out_at_once(
    county: County, browser: httpx.AsyncClient
) -> None:
    template = county.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text(name="Last year’s")))
    page = f"/templates/{template.template_id}"
    assert "No template is put away" in (await browser.get("/templates?show=put-away")).text
    gone = await post(browser, page, f"{page}/put-away")
    listed = await browser.get(gone.headers["location"])
    assert "The template has been put away." in listed.text
    assert "Last year’s" not in listed.text
    assert "Last year’s" not in (await browser.get("/rules/new")).text
    away = await browser.get("/templates?show=put-away")
    assert "put away by <bdi>Sam Staff</bdi>" in away.text
    shown = await browser.get(page)
    assert "Put away by <bdi>Sam Staff</bdi>" in shown.text
    assert f"{page}/edit" not in shown.text
    assert "/mailings/new" not in shown.text
    assert (await browser.get(f"{page}/edit")).headers["location"] == page
    begun = await browser.get(f"/mailings/new?template={template.template_id}")
    assert "has been put away. Take it out to use it again" in begun.text
    undone = await post(browser, gone.headers["location"], f"{page}/take-out")
    assert "The template can be used again." in (await browser.get(undone.headers["location"])).text
    assert "Last year’s" in (await browser.get("/templates")).text


async def test_a_template_that_a_rule_sends_is_not_put_away_and_the_page_says_which(
    county: County, browser: httpx.AsyncClient
) -> None:
    template = county.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text()))
    about = {"name": "New members", "occasion": "contact_registered", "purpose": "newsletter"}
    settings = RuleSettings.model_validate(about | {"template_id": template.template_id})
    county.bus.call(CreateRule(request_id=new_id(), settings=settings))
    page = f"/templates/{template.template_id}"
    refused = await post(browser, page, f"{page}/put-away")
    assert refused.status_code == 409
    assert "is in use, by the rule “New members”" in refused.text
    assert county.bus.call(ListTemplates()).items


async def test_what_is_typed_into_a_template_that_was_put_away_meanwhile_is_kept(
    county: County, browser: httpx.AsyncClient
) -> None:
    template = county.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text()))
    edit = f"/templates/{template.template_id}/edit"
    form = await browser.get(edit)
    county.bus.call(PutAwayTemplate(template_id=template.template_id))
    typed = TYPED | {"subject": "Mine", "version": "1", "csrf_token": token_on(form)}
    answer = await browser.post(edit, data=typed)
    assert answer.status_code == 409
    assert "Mine" in answer.text
    assert "has been put away" in answer.text


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
        assert "Put away" not in page.text
        assert (await reader.get(f"/templates/{template.template_id}/edit")).status_code == 403
