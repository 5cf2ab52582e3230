"""A survey that is answered again and again, and what must hold of it whatever is killed meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from shared.contracts.base import JSON, JSON_BATCH, json_array, new_id
from shared.contracts.survey_links import GiveSurveyKeys
from shared.contracts.surveys import (
    RESPONSES,
    CloseSurvey,
    CreateSurvey,
    GetResults,
    GetSurvey,
    OpenSurvey,
    ResponseReceived,
    SentResponse,
    Survey,
)
from shared.errors import Conflict, Unavailable
from shared.messaging.broker import Outgoing, Publisher
from shared.messaging.client import RpcClient
from shared.messaging.topology import COUNT
from shared.mongo import connect
from tests.faults.office import ask
from tests.faults.run import Run

ASKED = {
    "title": "Getting here",
    "pages": [{"name": "page1", "elements": [{"type": "boolean", "name": "easy", "title": "Was it easy?"}]}],
}


class Poll:
    """One survey, opened, and the forms that were sent to it."""

    def __init__(self, run: Run, anonymous: bool) -> None:
        self._run = run
        self._anonymous = anonymous
        self._links = 0
        self._bus = RpcClient(run.system.settings)
        self._publisher = Publisher(run.system.settings.amqp_url)
        self._sent: set[str] = set()
        self._began = datetime.now(UTC)
        asked = CreateSurvey(request_id=new_id(), definition=ASKED, anonymous=anonymous)
        self._survey_id = ask(self._bus, asked).survey_id
        self._switch(open=True)

    def answer(self, forms: int = 6) -> None:
        """Each form is put into the queue twice, alone and together with all, as the web does with those that come at
        once; and the survey is closed and opened again: so much counts. Over each of two personal links come two forms.
        """
        new = [new_id() for _ in range(forms)]
        self._send(*[(form, "") for form in new])
        self._sent.update(new)
        contacts = (f"con_{new_id()}", f"con_{new_id()}")
        given = ask(self._bus, GiveSurveyKeys(survey_id=self._survey_id, contact_ids=contacts))
        for key in given.keys.values():
            self._send((new_id(), key), (new_id(), key))
            self._links += 1
        for is_open in (False, True):
            self._switch(is_open)

    def examine(self) -> None:
        """Every form counts once, and of two over a link one; each is told of under one id, an anonymous one never."""
        self._run.settle()
        found = ask(self._bus, GetResults(survey_id=self._survey_id))
        counted, due = found.survey.responses, len(self._sent) + self._links
        self._run.expect(counted == due, f"{due} forms were to count, {counted} do")
        self._run.expect(found.refused == self._links, f"{self._links} second forms, {found.refused} are kept")
        log = connect(self._run.system.settings, "history")["log"]
        told = [each["event"]["data"] for each in log.find({"event.type": ResponseReceived.type})]
        mine = [each["response_id"] for each in told if each["survey_id"] == self._survey_id]
        told_of = 0 if self._anonymous else counted
        self._run.expect(len(mine) == len(set(mine)) == told_of, f"{told_of} are to be told of, {len(mine)} are")

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

    def _send(self, *forms: tuple[str, str]) -> None:
        """(id, key of the link) of each."""
        bodies = [self._form(form, key) for form, key in forms]
        together = Outgoing("", RESPONSES, json_array(bodies), JSON_BATCH, headers={COUNT: len(bodies)})
        self._publisher.publish([*(Outgoing("", RESPONSES, each, JSON) for each in bodies), together])

    def _form(self, form: str, key: str) -> bytes:
        sent = SentResponse(
            request_id=form,
            survey_id=self._survey_id,
            definition_version=1,
            answers={"easy": True},
            begun_at=self._began,
            received_at=datetime.now(UTC),
            link_key=key,
        )
        return sent.model_dump_json().encode()


@contextmanager
def poll(run: Run, anonymous: bool = False) -> Iterator[Poll]:
    """A survey to be answered."""
    made = Poll(run, anonymous)
    try:
        yield made
    finally:
        made.close()
