"""A survey on real servers: what the web puts into the queue counts once, also after the service was away."""

import asyncio
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest

from deploy.instance import Instance
from shared.answer_links import answer_url
from shared.contracts.base import new_id
from shared.contracts.cases import GetHandled
from shared.contracts.photographs import GetPhotograph
from shared.contracts.survey_links import GiveSurveyKeys
from shared.contracts.surveys import (
    RESPONSES,
    CreateSurvey,
    GetResults,
    OpenSurvey,
    ResponseReceived,
    Results,
    SentResponse,
    Survey,
)
from shared.messaging.aio import AioBus
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.broker.test_consumer import wait_for
from tests.events.pictures import PLACE, a_photograph
from tests.surveys.asking import a_definition, a_sent


@pytest.fixture
def survey(running: Instance) -> Survey:
    bus = RpcClient(running.settings)
    made = bus.call(CreateSurvey(request_id=new_id(), definition=a_definition()))
    opened = bus.call(OpenSurvey(survey_id=made.survey_id, version=1))
    bus.close()
    return opened


def test_fifty_posts_at_once_over_one_personal_link_are_one_response(running: Instance, survey: Survey) -> None:
    bus = RpcClient(running.settings)
    asked = GiveSurveyKeys(survey_id=survey.survey_id, contact_ids=("con_1",))
    secret, key = running.settings.secret, bus.call(asked).keys["con_1"]
    address = answer_url(f"http://127.0.0.1:{running.settings.port}", secret, key, datetime.now(UTC))

    def send(number: int) -> int:
        return httpx.post(address, data={"request_id": f"form-{number}", "q-ease": "hard"}, timeout=30).status_code

    with ThreadPoolExecutor(50) as many:
        statuses = list(many.map(send, range(50)))
    assert set(statuses) <= {303, 409}
    taken = statuses.count(303)

    def numbers() -> tuple[int, int]:
        found = bus.call(GetResults(survey_id=survey.survey_id))
        return found.survey.responses, found.refused

    wait_for(lambda: numbers() == (1, taken - 1), 30)
    log = connect(running.settings, "history")["log"]
    told = {"event.type": ResponseReceived.type, "event.data.contact_id": "con_1"}
    wait_for(lambda: log.count_documents(told) == 1, 30)
    assert httpx.post(address, data={"q-ease": "easy"}, timeout=30).status_code == 409
    assert numbers() == (1, taken - 1)
    bus.close()


def publish(instance: Instance, *sent: SentResponse) -> None:
    async def story() -> None:
        async with AioBus(instance.settings) as bus:
            for each in sent:
                await bus.publish_to(RESPONSES, each.model_dump_json().encode())

    asyncio.run(story())


def test_forms_count_once_and_are_told_of_once(running: Instance, survey: Survey) -> None:
    forms = [a_sent(survey.survey_id) for _ in range(30)]
    faulty = a_sent(survey.survey_id, {"ease": "never"})
    publish(running, *forms[:20], faulty)
    running.supervisor.stop("surveys")
    publish(running, *forms[10:], *forms[20:])
    running.supervisor.start("surveys")
    running.wait_ready()
    bus = RpcClient(running.settings)

    def results() -> Results:
        return bus.call(GetResults(survey_id=survey.survey_id))

    wait_for(lambda: (results().survey.responses, results().refused) == (30, 1), 30)
    log = connect(running.settings, "history")["log"]
    asked = {"event.type": ResponseReceived.type, "event.data.survey_id": survey.survey_id}
    wait_for(lambda: log.count_documents(asked) == 30, 30)
    (ease, _) = results().questions
    assert {each.text: each.count for each in ease.counts} == {"Easy": 0, "Hard": 30}
    bus.close()


def test_a_story_with_a_photograph_is_taken_while_its_service_is_away(running: Instance) -> None:
    running.supervisor.stop("events")
    files = [("photographs", ("garden.png", a_photograph("PNG", (800, 600)), "image/png"))]
    story = {"title": "In the garden", "body": "Six hours.", "request_id": new_id()}
    sent = httpx.post(f"http://127.0.0.1:{running.settings.port}/story", data=story, files=files, timeout=30)
    assert sent.status_code == 303
    running.supervisor.start("events")
    running.wait_ready()
    store, bus = connect(running.settings, "events")["photographs"], RpcClient(running.settings)
    wait_for(lambda: store.count_documents({}) == 1, 30)
    kept = store.find_one({})
    assert kept is not None
    about = {"engagement_id": kept["engagement_id"]}
    told = connect(running.settings, "events")["engagements"]
    wait_for(lambda: told.count_documents({"_id": kept["engagement_id"]}) == 1, 30)
    (shown,) = bus.call(GetHandled.model_validate(about)).photographs
    found = bus.call(GetPhotograph.model_validate(about | {"photograph_id": shown.photograph_id}))
    assert PLACE not in b64decode(found.content)
    bus.close()
