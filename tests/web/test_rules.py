"""Rules on the page: written, looked at, switched on, and what became of each message."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.notifications.rules import work
from shared.contracts.base import new_id
from shared.contracts.consent import RecordConsents
from shared.contracts.contacts import RegisterContact
from shared.contracts.rules import CreateRule, GetRule, ListRules, PutAwayRule, RuleSettings, SendingRule, SwitchRule
from shared.contracts.templates import CreateTemplate, PutAwayTemplate
from tests.builders import a_body, a_new_contact, a_person, a_statement, a_template_text, headers
from tests.notifications.sink import Sink
from tests.web.conftest import County
from tests.web.test_mailings import panel, post

pytestmark = pytest.mark.anyio
__all__ = ["panel"]


@pytest.fixture
def template(county: County) -> str:
    return str(county.bus.call(CreateTemplate(request_id="t", text=a_template_text())).template_id)


def typed(template: str, **fields: str) -> dict[str, str]:
    said = {"name": "Welcome", "occasion": "contact_registered", "purpose": "newsletter", "per_hour": "100"}
    return said | {"template_id": template, "segment_id": ""} | fields


def saved(county: County, template: str) -> SendingRule:
    settings = RuleSettings(name="r", occasion="contact_registered", template_id=template, purpose="newsletter")
    return county.bus.call(CreateRule(request_id=new_id(), settings=settings))


async def test_a_rule_is_written_looked_at_switched_on_and_sends(
    county: County,
    browser: httpx.AsyncClient,
    panel: str,
    template: str,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "GATHER", timedelta(0))
    assert "No rule is saved yet" in (await browser.get("/rules")).text
    answer = await post(browser, "/rules/new", "/rules/new", **typed(template, segment_id=panel))
    assert answer.status_code == 303
    (rule,) = county.bus.call(ListRules()).items
    address = f"/rules/{rule.rule_id}"
    page = await browser.get(answer.headers["location"])
    assert "2 people</strong> would have got the message" in page.text
    assert "has not agreed" in page.text
    assert "if they are in “<bdi>Carers</bdi>”" in page.text
    await post(browser, address, f"{address}/switch", version="1", on="yes")
    assert "0 messages wait" in (await browser.get(address)).text
    new = a_new_contact("New Carer", email=("new@example.org",), groups=("carers",))
    contact = county.bus.call(RegisterContact(request_id="new", contact=new))
    county.bus.call(RecordConsents(request_id="said", statements=(a_statement(contact.contact_id),)))
    county.settle()
    county.bus.tick()
    county.sender.run_until_idle()
    county.settle()
    assert [to for to, _ in sink.got] == ["new@example.org"]
    log = await browser.get(f"{address}/log")
    assert "New Carer" in log.text
    assert "allowed by cst_" in log.text
    found = await browser.get(f"/contacts/{contact.contact_id}?kind=message_sent")
    assert "was sent by email to one person" in found.text


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    browser: httpx.AsyncClient, template: str
) -> None:
    wrong = typed("", name="Kept", occasion="segment_entered", per_hour="many")
    answer = await post(browser, "/rules/new", "/rules/new", **wrong)
    assert answer.status_code == 422
    for sentence in ("Choose the template", "Enter how many messages", "Kept"):
        assert sentence in answer.text
    answer = await post(browser, "/rules/new", "/rules/new", **typed(template, occasion="segment_entered"))
    assert "Choose the segment that contacts come into" in answer.text
    answer = await post(browser, "/rules/new", "/rules/new", **typed(template, segment_id="seg_gone"))
    assert (answer.status_code, "There is no such segment" in answer.text) == (404, True)
    answer = await post(browser, "/rules/new", "/rules/new", **typed(template, occasion="weekly_digest"))
    assert "at least one owner" in answer.text


async def test_the_later_of_two_who_edit_or_switch_is_told(
    county: County, browser: httpx.AsyncClient, template: str
) -> None:
    rule = saved(county, template)
    county.bus.call(SwitchRule(rule_id=rule.rule_id, version=1, on=True))
    edit = f"/rules/{rule.rule_id}/edit"
    answer = await post(browser, edit, edit, **typed(template, name="Mine", version="1"))
    assert answer.status_code == 409
    assert "Mine" in answer.text
    refused = await post(browser, edit, f"/rules/{rule.rule_id}/switch", version="1", on="no")
    assert refused.status_code == 409
    assert county.bus.call(GetRule(rule_id=rule.rule_id)).rule.is_on
    changed = await post(browser, edit, edit, **typed(template, name="Mine", version="2", repeats="yes"))
    assert changed.status_code == 303
    now = county.bus.call(GetRule(rule_id=rule.rule_id)).rule
    assert (now.settings.repeats, now.is_on, now.changed_by) == (True, False, "Sam Staff")


async def test_a_rule_that_is_put_away_is_off_and_taken_out_at_once(
    county: County, browser: httpx.AsyncClient, template: str
) -> None:
    rule = saved(county, template)
    county.bus.call(SwitchRule(rule_id=rule.rule_id, version=1, on=True))
    page = f"/rules/{rule.rule_id}"
    late = await post(browser, page, f"{page}/put-away", version="1")
    assert late.status_code == 409
    gone = await post(browser, page, f"{page}/put-away", version="2")
    listed = await browser.get(gone.headers["location"])
    assert "The rule has been put away." in listed.text
    assert page + '"' not in listed.text
    assert "Put away by <bdi>Sam Staff</bdi>" in (await browser.get("/rules?show=put-away")).text
    shown = await browser.get(page)
    assert "it sends nothing" in shown.text
    assert "Switch on" not in shown.text
    assert (await browser.get(f"{page}/edit")).headers["location"] == page
    undone = await post(browser, gone.headers["location"], f"{page}/take-out")
    back = await browser.get(undone.headers["location"])
    assert "It is off until it is switched on" in back.text
    assert "Switch on" in back.text


async def test_a_rule_is_not_taken_out_before_its_template(
    county: County, browser: httpx.AsyncClient, template: str
) -> None:
    rule = saved(county, template)
    county.bus.call(PutAwayRule(rule_id=rule.rule_id, version=1))
    county.bus.call(PutAwayTemplate(template_id=template))
    page = f"/rules/{rule.rule_id}"
    refused = await post(browser, page, f"{page}/take-out")
    assert refused.status_code == 409
    assert "has been put away. Take it out to use it again" in refused.text


async def test_a_digest_names_its_owners_and_says_what_it_would_tell(
    county: County, browser: httpx.AsyncClient, template: str
) -> None:
    owners = "pals@example.org\nchief@example.org"
    answer = await post(browser, "/rules/new", "/rules/new", **typed(template, occasion="weekly_digest", owners=owners))
    page = await browser.get(answer.headers["location"])
    assert "pals@example.org, chief@example.org" in page.text
    assert "Nothing waits for an answer" in page.text
    person = a_person("Ann Lee", email="ann@example.org")
    at = datetime.now(UTC).isoformat()
    enquiry = a_body(kind="enquiry", people=[person], occurred_at=at)
    county.bus.publish_inbound([enquiry], headers() | {"received_at": at})
    county.settle()
    assert "1 enquiry, since" in (await browser.get(answer.headers["location"])).text
    edit = answer.headers["location"].partition("?")[0] + "/edit"
    assert "pals@example.org\nchief@example.org" in (await browser.get(edit)).text


async def test_only_whoever_may_send_switches_a_rule(county: County, template: str) -> None:
    rule = saved(county, template)
    async with county.browser("engagement_officer") as reader:
        page = await reader.get(f"/rules/{rule.rule_id}")
        assert page.status_code == 200
        assert "Switch on" not in page.text
        assert (await reader.get(f"/rules/{rule.rule_id}/log")).status_code == 200


async def test_a_rule_is_shown_while_contacts_is_away(
    county: County, browser: httpx.AsyncClient, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = saved(county, template)
    county.bus._services.pop("history")
    page = await browser.get(f"/rules/{rule.rule_id}")
    assert page.status_code == 200
    assert "That cannot be said just now" in page.text
