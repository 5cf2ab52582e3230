"""Stories with photographs while the web or events is killed: each story and each of its pictures is kept once."""

import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import httpx

from services.events.domain import engagement_id
from shared.contracts.cases import GetHandled
from shared.contracts.events import WEBSITE
from shared.contracts.photographs import AddPhotograph, GetPhotograph
from shared.errors import NotFound
from shared.messaging.client import RpcClient
from shared.mongo import connect
from tests.events.pictures import a_jpeg, a_photograph
from tests.faults.office import ask
from tests.faults.registry import scenario
from tests.faults.run import Run
from tests.faults.scenarios.telling import expect_killed, kill_at
from tests.faults.waiting import wait_until

POINTS = ("web.before_story",)
"""Where the web is ended here and in no other scenario."""
KILLED_AT = (
    *(("web", each) for each in ("web.before_publish", *POINTS, "web.before_answer")),
    *(("events", f"consumer.{each}") for each in ("before_handle", "before_publish", "before_ack", "after_ack")),
    *(("events", f"store.{each}") for each in ("before_insert", "mid_bulk", "after_insert")),
    *(("events", each) for each in ("rpc.before_call", "rpc.before_answer")),
)
STORIES, SENT, ADDED = 5, 2, 1
"""Stories, photographs that are sent with each, and photographs that staff add to each."""


@scenario("kill -9 of the web or events while stories come with photographs", seeds=2 * len(KILLED_AT))
def photographs_killed(run: Run) -> None:
    """Whoever tells a story sends it until they are thanked, and staff add a photograph until they are answered."""
    service, point = KILLED_AT[run.seed % len(KILLED_AT)]
    run.system.processes.stop("web")  # it counts what one address sends, and other runs were before this one
    run.system.processes.start("web")
    with closing(RpcClient(run.system.settings)) as bus:
        before = kill_at(run, service, point, run.chance.randint(1, 3))
        stories = [_tell(run, number) for number in range(STORIES)]
        for number, story in enumerate(stories):
            there = wait_until(lambda story=story: len(_photographs(bus, story)) == SENT, 60, 0.2)  # type: ignore[misc]
            run.expect(there, f"story {number} has {len(_photographs(bus, story))} photographs of {SENT}")
            content = b64encode(a_jpeg((60 + number, 30))).decode()
            ask(bus, AddPhotograph(engagement_id=story, content=content))
        expect_killed(run, service, before)
        run.healed()
        run.settle()
        _examine(run, bus, stories)


def _examine(run: Run, bus: RpcClient, stories: Sequence[str]) -> None:
    store = connect(run.system.settings, "events")
    said = store["engagements"].count_documents({"recorded.data.engagement.title": {"$regex": f"^{run.prefix} "}})
    run.expect(said == len(set(stories)) == STORIES, f"{said} stories are kept of {STORIES}")
    for story in stories:
        kept = store["photographs"].count_documents({"engagement_id": story})
        shown = _photographs(bus, story)
        run.expect(kept == len(shown) == SENT + ADDED, f"{kept} photographs are kept, {len(shown)} shown")
        for each in shown:
            content = ask(bus, GetPhotograph(engagement_id=story, photograph_id=each)).content
            run.expect(b64decode(content).startswith(b"\xff\xd8"), "a photograph is kept that is none")


def _photographs(bus: RpcClient, story: str) -> list[str]:
    """Their ids; none while the story is not there."""
    try:
        return [each.photograph_id for each in ask(bus, GetHandled(engagement_id=story)).photographs]
    except NotFound:
        return []


def _tell(run: Run, number: int) -> str:
    """The id of the story, once the page has thanked for it; the same form is sent as often as that takes."""
    typed = {"title": f"{run.prefix} {number}", "body": "We waited.", "request_id": f"{run.prefix}-{number}"}
    pictures = [a_photograph(size=(40 + number, 30 + each)) for each in range(SENT)]
    files = [("photographs", (f"{each}.jpg", content, "image/jpeg")) for each, content in enumerate(pictures)]
    for _ in range(90):
        try:
            answer = httpx.post(f"{_site(run)}/story", data=typed, files=files, timeout=20)
        except httpx.HTTPError:
            time.sleep(0.3)
            continue
        if answer.status_code == 303:
            (receipt,) = parse_qs(urlsplit(answer.headers["location"]).query)["receipt"]
            return engagement_id(WEBSITE, "/story", receipt)
        assert answer.status_code == 503, f"a story was answered {answer.status_code}"
        time.sleep(1)
    raise AssertionError("nobody was thanked for a story")


def _site(run: Run) -> str:
    return f"http://127.0.0.1:{run.system.settings.port}"
