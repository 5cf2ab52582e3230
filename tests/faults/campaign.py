"""A survey that six hundred people are invited to and reminded of, while some of them answer.

Each answer is written down with the time at which surveys said that it has it: who is sent a reminder more than a
second later was reminded of what they had answered.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from shared.contracts.base import JSON, new_id
from shared.contracts.notifications import GetMailing
from shared.contracts.survey_links import FindAnswered, GiveSurveyKeys
from shared.contracts.surveys import RESPONSES, CreateSurvey, GetSurvey, OpenSurvey, SentResponse
from shared.errors import Conflict, Unavailable
from shared.messaging.broker import Outgoing, Publisher
from shared.mongo import connect
from tests.faults.office import PEOPLE, Office, ask, office
from tests.faults.polling import ASKED
from tests.faults.run import Run
from tests.faults.waiting import wait_until

EARLY = 60
"""People who answer before anybody is reminded."""
TOGETHER = 5
TOO_LATE = 1.0
"""Seconds after which whoever has answered must not be sent a reminder any more."""
BODY = "Dear {name},\n\n[Answer]({survey_link})"


class Campaign:
    """What staff and the people they invited do."""

    def __init__(self, run: Run, staff: Office, anonymous: bool) -> None:
        self.run, self.staff = run, staff
        self._publisher = Publisher(run.system.settings.amqp_url)
        self.survey_id = ask(
            staff.bus, CreateSurvey(request_id=new_id(), definition=ASKED, anonymous=anonymous)
        ).survey_id
        self._open()
        self._keys: dict[str, str] = {}
        self._answered: dict[str, float] = {}
        """Address -> when surveys said that it has their answer."""
        self._before = 0
        """Messages that the mail server had before the reminder."""

    def invite(self) -> str:
        """Its id."""
        return self.staff.send(
            subject="Have your say", body=BODY, survey_id=self.survey_id, survey_title="Getting here"
        )

    def remind(self) -> str:
        """Once some have answered; its id."""
        self._before = len(self.staff.deliveries())
        said = {"subject": "Still time", "body": BODY, "survey_id": self.survey_id, "survey_title": "Getting here"}
        return self.staff.send(**said, unanswered_only=True)

    def answer_early(self) -> None:
        given = GiveSurveyKeys(survey_id=self.survey_id, contact_ids=tuple(self.staff.ids))
        self._keys = ask(self.staff.bus, given).keys
        for at in range(0, EARLY, TOGETHER):
            self._answer(range(at, at + TOGETHER))

    @contextmanager
    def answering(self) -> Iterator[None]:
        """The last in the list answer one after the other, until it is left."""
        stop = threading.Event()

        def go_on() -> None:
            for at in range(PEOPLE - TOGETHER, EARLY, -TOGETHER):
                if stop.is_set():
                    return
                self._answer(range(at, at + TOGETHER))

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def examine_links(self, mailing_id: str) -> None:
        """Everybody was sent a link, and it is their own."""
        settings = self.run.system.settings
        parts = connect(settings, "notifications")["audiences"].find({"mailing_id": mailing_id})
        sent = {each[0]: each[5] for part in parts for each in part["recipients"] if len(each) > 5}
        links = {
            each["contact_id"]: each["key"]
            for each in connect(settings, "surveys")["links"].find({"survey_id": self.survey_id})
        }
        self.run.expect(
            sent == links and len(set(sent.values())) == PEOPLE, f"{len(sent)} of {PEOPLE} have their own link"
        )

    def examine_reminder(self, mailing_id: str, lines_cut: int) -> None:
        """Each who has not answered once, but for those in doubt; nobody who has answered."""
        run, staff, progress = self.run, self.staff, lambda: ask(self.staff.bus, GetMailing(mailing_id=mailing_id))
        finished = wait_until(lambda: progress().mailing.finished_at is not None, 90, 0.3)
        run.expect(finished, f"the reminder had not finished 90 s later: {progress().counts}")
        run.settle()
        ledger = list(connect(run.system.settings, "notifications")["ledger"].find({"mailing_id": mailing_id}))
        states = Counter(each["state"] for each in ledger)
        of = {each["contact_id"]: each["state"] for each in ledger}
        addresses = {f"panel{n}@example.org": contact_id for n, contact_id in enumerate(staff.ids)}
        given, answered_at = staff.deliveries()[self._before :], self._answered
        twice = [who for who, times in Counter(who for who, _ in given).items() if times > 1]
        late = [who for who, at in given if at > answered_at.get(who, at) + TOO_LATE]
        reached = {addresses[who] for who, _ in given}
        answered = {addresses[who] for who in answered_at}
        sent = {each for each, state in of.items() if state == "sent"}
        run.expect(not twice, f"{len(twice)} people were reminded twice: {twice[:3]}")
        run.expect(not late, f"{len(late)} people were reminded who had answered: {late[:3]}")
        run.expect(sent <= reached, f"{len(sent - reached)} people were not reminded, and nobody knows")
        run.expect(states["uncertain"] <= lines_cut, f"{states['uncertain']} people are in doubt")
        kept_back = {each for each, state in of.items() if state == "suppressed"}
        run.expect(len(of) == PEOPLE and kept_back <= answered, f"{len(kept_back - answered)} kept back for nothing")
        told = staff.told(mailing_id)
        run.expect(told == Counter(sent), f"{len(set(told) ^ sent)} timelines say otherwise than the ledger")
        run.note(f"{states['sent']} reminded, {states['suppressed']} had answered, {states['uncertain']} in doubt")

    def wait_reminded(self, least: int) -> bool:
        """Until the mail server has so many reminders."""
        return wait_until(lambda: len(self.staff.deliveries()) - self._before >= least, 20, 0.01)

    def close(self) -> None:
        self._publisher.close()

    def _open(self) -> None:
        while (found := ask(self.staff.bus, GetSurvey(survey_id=self.survey_id))).state != "open":
            with suppress(Unavailable, Conflict):
                self.staff.bus.call(OpenSurvey(survey_id=self.survey_id, version=found.version), timeout=3)

    def _answer(self, numbers: range) -> None:
        """They answer, and it is waited for until surveys says that it has all of it."""
        ids = tuple(self.staff.ids[n] for n in numbers)
        forms = [self._form(self._keys[each]) for each in ids]
        self._publisher.publish([Outgoing("", RESPONSES, each, JSON) for each in forms])
        asked = FindAnswered(survey_id=self.survey_id, contact_ids=ids)
        while set(ask(self.staff.bus, asked).contact_ids) != set(ids):
            time.sleep(0.02)
        at = time.time()
        self._answered = self._answered | {f"panel{n}@example.org": at for n in numbers}

    def _form(self, key: str) -> bytes:
        now = datetime.now(UTC)
        sent = SentResponse(
            request_id=new_id(),
            survey_id=self.survey_id,
            definition_version=1,
            answers={"easy": True},
            begun_at=now,
            received_at=now,
            link_key=key,
        )
        return sent.model_dump_json().encode()


def is_anonymous(seed: int) -> bool:
    """Whether the survey of this run is: that of every third one."""
    return seed % 3 == 2


@contextmanager
def campaign(run: Run) -> Iterator[Campaign]:
    """A survey, and an office that writes about it."""
    with office(run) as staff:
        made = Campaign(run, staff, is_anonymous(run.seed))
        try:
            yield made
        finally:
            made.close()
