"""A survey on real servers: what the web puts into the queue counts once, also after the service was away."""

import asyncio

import pytest

from deploy.instance import Instance
from shared.contracts.base import new_id
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
from tests.surveys.asking import a_definition, a_sent


@pytest.fixture
def survey(running: Instance) -> Survey:
    bus = RpcClient(running.settings)
    made = bus.call(CreateSurvey(request_id=new_id(), definition=a_definition()))
    opened = bus.call(OpenSurvey(survey_id=made.survey_id, version=1))
    bus.close()
    return opened


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
