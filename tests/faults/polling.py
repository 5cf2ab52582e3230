"""A survey that is answered again and again, and what must hold of it whatever is killed meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from shared.contracts.base import JSON, new_id
from shared.contracts.surveys import (
    RESPONSES,
    CloseSurvey,
    CreateSurvey,
    GetSurvey,
    OpenSurvey,
    ResponseReceived,
    SentResponse,
    Survey,
)
from shared.errors import Conflict, Unavailable
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.faults.office import ask
from tests.faults.run import Run

ASKED = {
    "title": "Getting here",
    "pages": [{"name": "page1", "elements": [{"type": "boolean", "name": "easy", "title": "Was it easy?"}]}],
}


class Poll:
    """One survey, opened, and the forms that were sent to it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._bus = RpcClient(run.system.settings)
        self._publisher = Publisher(run.system.settings.amqp_url)
        self._sent: set[str] = set()
        self._began = datetime.now(UTC)
        self._survey_id = ask(self._bus, CreateSurvey(request_id=new_id(), definition=ASKED)).survey_id
        self._switch(open=True)

    def answer(self, forms: int = 6) -> None:
        """Each form is put into the queue twice, and the survey is closed and opened again: so much counts."""
        for _ in range(forms):
            form = new_id()
            body = self._form(form)
            self._publisher.publish([Outgoing("", RESPONSES, body, JSON), Outgoing("", RESPONSES, body, JSON)])
            self._sent.add(form)
        for is_open in (False, True):
            self._switch(is_open)

    def examine(self) -> None:
        """Every form counts once, and is told of under one id."""
        self._run.settle()
        counted = ask(self._bus, GetSurvey(survey_id=self._survey_id)).responses
        self._run.expect(counted == len(self._sent), f"{len(self._sent)} forms were sent, {counted} count")
        log = connect(self._run.system.settings, "history")["log"]
        told = [each["event"]["data"] for each in log.find({"event.type": ResponseReceived.type})]
        mine = [each["response_id"] for each in told if each["survey_id"] == self._survey_id]
        self._run.expect(len(mine) == len(set(mine)) == counted, f"{counted} count, {len(mine)} are told of")

    def close(self) -> None:
        self._publisher.close()
        self._bus.close()

    def _switch(self, open: bool) -> Survey:
        """Asked until it is so: an answer may be lost when it has been done."""
        while True:
            found = ask(self._bus, GetSurvey(survey_id=self._survey_id))
            if (found.state == "open") == open:
                return found
            step = OpenSurvey if open else CloseSurvey
            with suppress(Unavailable, Conflict):
                self._bus.call(step(survey_id=self._survey_id, version=found.version), timeout=3)
            time.sleep(0.05)

    def _form(self, form: str) -> bytes:
        sent = SentResponse(
            request_id=form,
            survey_id=self._survey_id,
            definition_version=1,
            answers={"easy": True},
            begun_at=self._began,
            received_at=datetime.now(UTC),
        )
        return sent.model_dump_json().encode()


@contextmanager
def poll(run: Run) -> Iterator[Poll]:
    """A survey to be answered."""
    made = Poll(run)
    try:
        yield made
    finally:
        made.close()
