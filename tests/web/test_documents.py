"""The API describes itself truly, says how it is, and counts without naming anybody."""

import jsonschema_rs
import pytest

from services.web.api import examples
from tests.builders import a_cloudevent, a_person
from tests.web.conftest import County, Partner

pytestmark = pytest.mark.anyio


async def test_the_openapi_document_holds_the_api_and_its_scopes(county: County) -> None:
    async with county.client() as http:
        document = (await http.get("/api/v1/openapi.json")).json()
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    post = document["paths"]["/api/v1/events"]["post"]
    assert {"202", "400", "401", "403", "408", "413", "415", "422", "429", "503"} == post["responses"].keys()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["security"][0]["key"]
            assert operation["description"]
    assert "HTTPValidationError" not in str(document["paths"])


async def test_the_example_is_valid_by_the_schema_and_is_recorded(county: County, partner: Partner) -> None:
    async with county.client() as http:
        document = (await http.get("/api/v1/openapi.json")).json()
    schema = {"$ref": "#/components/schemas/ReportedEvent", "components": document["components"]}
    jsonschema_rs.validate(schema, examples.EVENT)
    await partner.post(examples.EVENT)
    assert (await partner.get(f"/events/{examples.EVENT['id']}")).json()["status"] == "recorded"


async def test_the_asyncapi_document_names_the_exchanges_and_every_message(county: County) -> None:
    async with county.client() as http:
        document = (await http.get("/api/v1/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    assert document["channels"]["partners"]["address"] == "wellheard.partners"
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            name = message["$ref"].rpartition("/")[2]
            assert document["components"]["messages"][name]["payload"]


async def test_ready_names_each_dependency_that_does_not_answer(county: County) -> None:
    async with county.client() as http:
        assert (await http.get("/health")).json() == {"status": "ok"}
        assert (await http.get("/ready")).status_code == 200
        county.web_bus.down.add("history")
        county.keys.is_down = True
        response = await http.get("/ready")
    assert response.status_code == 503
    dependencies = response.json()["dependencies"]
    assert {name for name, state in dependencies.items() if state != "ok"} == {"history", "store"}


async def test_ready_tells_the_broker_from_the_services_behind_it(county: County) -> None:
    services = {
        "contacts",
        "events",
        "history",
        "history_projector",
        "notifications",
        "notifications_sender",
        "surveys",
    }
    async with county.client() as http:
        county.web_bus.down.update(services)
        without_services = (await http.get("/ready")).json()["dependencies"]
        county.web_bus.down.add("broker")
        without_broker = (await http.get("/ready")).json()["dependencies"]
    assert {name for name, state in without_services.items() if state != "ok"} == services
    assert {name for name, state in without_broker.items() if state != "ok"} == services | {"broker"}


async def test_metrics_count_by_route_and_hold_nothing_personal(county: County, partner: Partner) -> None:
    await partner.post(a_cloudevent(id="ref-77", people=[a_person("Mary Okafor", email="mary@example.org")]))
    async with county.browser() as http:
        await http.get("/search", params={"q": "okafor"})
        await http.get("/contacts/con_unknown")
        await http.get("/nothing/here")
        text = (await http.get("/metrics")).text
    assert 'route="/contacts/{contact_id}",status="404"' in text
    assert "wellheard_events_accepted_total 1.0" in text
    for personal in ("kafor", "mary", "ref-77", "con_unknown", "nothing", "Agnes"):
        assert personal not in text
