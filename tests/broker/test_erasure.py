"""Somebody is erased on real servers: no document, no queue and no byte of the index names them any more."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from deploy import queues
from deploy.instance import Instance
from shared.contracts.base import CONTENT_TYPE
from shared.contracts.consent import RecordConsents
from shared.contracts.contacts import Contact, GetContact, RegisterContact
from shared.contracts.erasure import (
    DecideMention,
    Erasure,
    GetErasure,
    RedactEngagements,
)
from shared.contracts.history import SearchHistory
from shared.contracts.merging import MergeContacts
from shared.contracts.notifications import SendNotice
from shared.contracts.responses import EnterPaper
from shared.contracts.subscriptions import Suppress
from shared.contracts.surveys import CreateSurvey, OpenSurvey
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.broker.test_consumer import wait_for
from tests.builders import a_cloudevent, a_new_contact, a_person, a_statement
from tests.commands import answer, wellheard
from tests.surveys.asking import a_definition

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

NAME, EMAIL, PHONE = "Philippa Quillfeather", "philippa.q@example.org", "+441134960177"
TRACES = (b"quillfeather", b"philippa.q@example", b"4960177", b"496 0177")
SERVICES = ("contacts", "events", "history", "notifications", "surveys", "web")


def post(instance: Instance, key: str, *events: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{instance.settings.port}/api/v1/events",
        json.dumps(events).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents-batch+json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answered:
        assert answered.status == 202


def settled(instance: Instance) -> None:
    assert answer(instance, "check")["ok"]


def everything(instance: Instance) -> Iterator[tuple[str, bytes]]:
    """All that the instance keeps, as (where, bytes): documents, files of the index, parked messages, logs."""
    for service in SERVICES:
        database = connect(instance.settings, service)
        for collection in database.list_collection_names():
            for each in database[collection].find():
                texts = [value for value in each.values() if isinstance(value, bytes)]
                yield f"{service}.{collection}", orjson.dumps(each, default=str) + b"".join(texts)
    for path in instance.state_dir.rglob("*"):
        if path.is_file() and "store" not in path.parts:
            yield str(path.relative_to(instance.state_dir)), path.read_bytes()
    for message in queues.read_parked(instance.settings):
        yield f"{message.queue}.parked", message.body


def where_named(instance: Instance) -> set[str]:
    return {where for where, found in everything(instance) if any(each in found.lower() for each in TRACES)}


def _answers(bus: RpcClient, contact: Contact) -> None:
    """She answers a survey on paper, and somebody else names her address in an anonymous one."""
    words = {"ease": "hard", "why": f"I am {NAME}, {EMAIL}"}
    for anonymous in (False, True):
        made = bus.call(CreateSurvey(request_id=f"s-{anonymous}", definition=a_definition(), anonymous=anonymous))
        survey = bus.call(OpenSurvey(survey_id=made.survey_id, version=1))
        said = {"survey_id": survey.survey_id, "definition_version": 1, "number": "1", "answers": words}
        of = {} if anonymous else {"contact_id": contact.contact_id}
        words = {"ease": "hard", "why": f"Write to {EMAIL}."}
        bus.call(EnterPaper.model_validate(said | of | {"received_on": datetime.now(UTC).date()}))


@pytest.fixture
def philippa(running: Instance) -> Contact:
    """Known everywhere: in engagements, consents, a merge, the quarantine, messages, and a message that is parked."""
    bus = RpcClient(running.settings)
    key = answer(running, "key", "create", "--name", "St Agnes", "--json")["key"]
    new = a_new_contact(NAME, email=[EMAIL], phone=[PHONE], postcode="PO1 2AB")
    contact = bus.call(RegisterContact(request_id="philippa", contact=new))
    twin = bus.call(RegisterContact(request_id="twin", contact=a_new_contact("P. Quillfeather")))
    said = a_statement(contact.contact_id, evidence=f"Letter of {NAME}")
    bus.call(RecordConsents(request_id="said", statements=(said,)))
    survivor = {"request_id": "m", "survivor_id": contact.contact_id, "survivor_version": 2}
    bus.call(MergeContacts.model_validate(survivor | {"merged_id": twin.contact_id, "merged_version": 1}))
    person = a_person(NAME, email=EMAIL, phone="0113 496 0177")
    post(
        running,
        key,
        a_cloudevent(title="Parking", people=[person], body=f"Ring 0113 496 0177 or write to {EMAIL.upper()}."),
        a_cloudevent(title="Buses", body=f"{NAME} said that the buses are late."),
        a_cloudevent(kind="gossip", title="Unreadable", people=[person]),
    )
    bus.call(Suppress(address=EMAIL, reason="She rang us"))
    bus.call(
        SendNotice(
            request_id="n", contact_id=contact.contact_id, name=NAME, address=EMAIL, subject="Dear " + NAME, body=NAME
        )
    )
    _answers(bus, contact)
    parked = orjson.dumps(a_cloudevent(title="Parked", people=[person], body=EMAIL))
    Publisher(running.settings.amqp_url).publish([Outgoing("", "events.inbound.parked", parked, CONTENT_TYPE)])
    settled(running)
    return bus.call(GetContact(contact_id=contact.contact_id))


def test_nothing_names_her_after_erasure_and_purge_and_the_counts_stay(running: Instance, philippa: Contact) -> None:
    bus = RpcClient(running.settings)
    places = {each.partition(".")[0] for each in where_named(running)}
    assert places >= {"contacts", "events", "history", "notifications", "surveys"}
    before = bus.call(SearchHistory(limit=1, facets=True))

    begun = answer(running, "erase", philippa.contact_id)[0]["erasure_id"]

    def erasure() -> Erasure:
        return bus.call(GetErasure(erasure_id=begun))

    wait_for(lambda: erasure().state == "deciding", 30)
    (text,) = erasure().mentions
    bus.call(RedactEngagements(erasure_id=begun, engagement_ids=(text,), names=True))
    bus.call(DecideMention(erasure_id=begun, engagement_id=text, decision="removed"))
    wait_for(lambda: erasure().state == "done", 30)
    settled(running)
    assert answer(running, "erase", "--purge")["parked"] == 1

    assert where_named(running) == set()
    after = bus.call(SearchHistory(limit=1, facets=True))
    assert (after.total, after.facets) == (before.total, before.facets)
    wellheard(running, "rebuild")
    assert where_named(running) == set()
    report = answer(running, "check", "--deep")
    assert report["ok"], report
    assert report["deep"]["store_log"] == {"differing": []}


def test_a_restored_backup_is_cleaned_by_the_register(running: Instance, tmp_path: Any) -> None:
    bus = RpcClient(running.settings)
    contact = bus.call(RegisterContact(request_id="again", contact=a_new_contact(NAME, email=[EMAIL])))
    (erased,) = answer(running, "erase", contact.contact_id)
    contacts, kept = connect(running.settings, "contacts"), tmp_path / "register.json"
    register = answer(running, "erase", "--list")
    kept.write_text(json.dumps(register))
    assert EMAIL not in kept.read_text()
    # The backup was made before: the contact is back, and the erasure is not known.
    restored = contact.model_dump(mode="json")
    version = contacts["contacts"].find_one({"_id": contact.contact_id}, {"version": 1})
    assert version is not None
    restored |= {"version": version["version"], "erased": False}
    contacts["contacts"].update_one({"_id": restored.pop("contact_id")}, {"$set": restored})
    contacts["erasures"].delete_one({"_id": erased["erasure_id"]})
    assert EMAIL.encode() in b"".join(found for where, found in everything(running) if where == "contacts.contacts")

    again = answer(running, "erase", "--again", str(kept))

    assert erased["erasure_id"] in {each["erasure_id"] for each in again}
    wait_for(lambda: bus.call(GetErasure(erasure_id=erased["erasure_id"])).state == "done", 30)
    assert "contacts.contacts" not in where_named(running)
