"""Photographs with a story: nothing but the picture is kept, none is lost, and who may not read it sees none."""

import re
from contextlib import suppress
from io import BytesIO
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from services.web.photographs import LONGEST_SIDE, MOST_POINTS, made_anew
from shared.contracts.cases import GetHandled
from shared.contracts.contacts import RegisterContact
from shared.contracts.erasure import EraseContact
from shared.contracts.events import RecordEngagement
from shared.contracts.photographs import MOST_BYTES, PHOTOGRAPHS
from shared.errors import Invalid
from shared.messaging.declare import RawMessage
from tests.builders import a_new_contact, a_report
from tests.events.pictures import CAMERA, PLACE, a_bomb, a_jpeg, a_photograph
from tests.web.conftest import County
from tests.web.test_pages import text

pytestmark = pytest.mark.anyio
STORY = {"title": "Six hours in a corridor", "body": "We were told nothing.", "request_id": "one"}


def files(*contents: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("photographs", (f"{PLACE.decode()}.jpg", each, "image/jpeg")) for each in contents]


async def tell(county: County, *contents: bytes, **typed: str) -> httpx.Response:
    async with county.client() as anybody:
        sent = await anybody.post("/story", data=STORY | typed, files=files(*contents))
    county.settle()
    return sent


async def story_of(browser: httpx.AsyncClient) -> str:
    """The address of the one story."""
    found = await browser.get("/search?kind=story")
    return re.search(r'href="(/engagements/eng_\w+)"', found.text)[1]  # type: ignore[index]


async def pictures_on(browser: httpx.AsyncClient, address: str) -> list[str]:
    return re.findall(r'<img src="(/engagements/[^"]+)"', (await browser.get(address)).text)


async def test_a_photograph_with_its_place_is_kept_without_it(county: County, browser: httpx.AsyncClient) -> None:
    sizes = {"JPEG": (40, 30), "PNG": (41, 30), "WEBP": (42, 30)}
    sent = await tell(county, *(a_photograph(kind, size) for kind, size in sizes.items()))
    assert sent.status_code == 303, text(sent)
    address = await story_of(browser)
    shown = await pictures_on(browser, address)
    assert len(shown) == 3
    for each in shown:
        picture = await browser.get(each)
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.headers["x-content-type-options"] == "nosniff"
        assert picture.headers["cache-control"] == "no-store"
        found = Image.open(BytesIO(picture.content))
        assert (found.format, found.size in sizes.values(), dict(found.getexif())) == ("JPEG", True, {})
        assert found.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    everything = repr(county.engagements.__dict__) + repr(county.engagements.photographs.__dict__)
    assert PLACE.decode() not in everything
    assert CAMERA not in everything


async def test_the_same_form_sent_again_keeps_each_photograph_once(county: County, browser: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await tell(county, a_photograph())).status_code == 303
    assert len(await pictures_on(browser, await story_of(browser))) == 1


@pytest.mark.parametrize(
    ("contents", "sentence"),
    [
        ((b"no picture",), "This is not a photograph that we can read"),
        ((a_jpeg()[:-40],), "This is not a photograph that we can read"),
        ((a_jpeg(), b"GIF89a no"), "Photograph 2: This is not a photograph"),
        ((a_jpeg() + bytes(8 * 1024 * 1024),), "A photograph can have up to 8 MB"),
        ((a_jpeg(),) * 5, "Choose 4 photographs at most"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_written_is_kept(
    county: County, contents: tuple[bytes, ...], sentence: str
) -> None:
    sent = await tell(county, *contents)
    assert (sent.status_code, sentence in text(sent)) == (422, True)
    assert "We were told nothing." in sent.text
    assert county.web_bus.posted == []


async def test_a_form_that_is_far_too_large_is_not_parsed(county: County) -> None:
    sent = await tell(county, *[bytes(9 * 1024 * 1024)] * 4)
    assert sent.status_code == 413
    assert "choose fewer" in text(sent)


async def test_whoever_forgot_the_title_is_told_to_choose_the_photographs_again(county: County) -> None:
    sent = await tell(county, a_jpeg(), title="")
    assert sent.status_code == 422
    assert "Choose your photographs again" in text(sent)


async def test_while_the_broker_is_away_nobody_is_thanked_and_what_was_written_is_kept(county: County) -> None:
    county.web_bus.down.add("broker")
    sent = await tell(county, a_jpeg())
    assert sent.status_code == 503
    assert "We were told nothing." in sent.text
    assert "Choose your photographs again" in text(sent)


async def test_a_photograph_whose_story_is_not_taken_waits_and_belongs_to_it_later(
    county: County, browser: httpx.AsyncClient
) -> None:
    """As when the web is killed after the photograph: the person was not thanked, and sends the same again."""
    taken = county.web_bus.publish_inbound

    async def refuse(bodies: Any, headers: Any) -> None:
        county.web_bus.down.add("broker")
        await taken(bodies, headers)

    county.app.state.backend.publish_inbound = refuse
    assert (await tell(county, a_photograph())).status_code == 503
    assert len(county.engagements.photographs.adrift(9)) == 1
    county.web_bus.down.clear()
    county.app.state.backend.publish_inbound = taken
    assert (await tell(county, a_photograph())).status_code == 303
    assert len(await pictures_on(browser, await story_of(browser))) == 1


async def test_staff_add_photographs_and_remove_them(county: County, browser: httpx.AsyncClient) -> None:
    await tell(county)
    address = await story_of(browser)
    token = re.search(r'name="csrf_token" value="([^"]+)"', (await browser.get(address)).text)[1]  # type: ignore[index]
    empty = await browser.post(f"{address}/photographs", data={"csrf_token": token})
    assert (empty.status_code, "Choose at least one photograph" in text(empty)) == (422, True)
    added = await browser.post(f"{address}/photographs", data={"csrf_token": token}, files=files(a_photograph()))
    assert added.headers["location"].startswith(f"{address}?done=photographs")
    (place,) = await pictures_on(browser, address)
    assert (await browser.get(place)).status_code == 200
    assert (await browser.post(f"{place}/remove", data={"csrf_token": token})).status_code == 303
    assert await pictures_on(browser, address) == []
    assert (await browser.get(place)).status_code == 404
    again = await browser.post(f"{address}/photographs", data={"csrf_token": token}, files=files(a_photograph()))
    assert (again.status_code, "was removed before" in text(again)) == (409, True)


async def test_photographs_of_a_restricted_story_are_not_there_for_others(county: County) -> None:
    report = a_report(kind="story", title="About my own care", sensitive=True)
    told = county.bus.call(RecordEngagement(request_id="one", reported=report))
    address = f"/engagements/{told.engagement_id}"
    async with county.browser("patient_experience") as pals, county.browser("engagement_officer") as officer:
        page = await pals.get(address)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]  # type: ignore[index]
        await pals.post(f"{address}/photographs", data={"csrf_token": token}, files=files(a_photograph()))
        (place,) = await pictures_on(pals, address)
        assert (await pals.get(place)).status_code == 200
        assert (await officer.get(place)).status_code == 404
    async with county.client() as anybody:
        assert (await anybody.get(place)).status_code in (303, 401)


async def test_an_erasure_takes_the_photographs_of_whoever_told_the_story(county: County) -> None:
    mary = county.bus.call(RegisterContact(request_id="m", contact=a_new_contact(email=["mary@example.org"])))
    await tell(county, a_photograph(), name="Mary Okafor", email="mary@example.org")
    (story,) = county.engagements._engagements
    assert len(county.bus.call(GetHandled(engagement_id=story)).photographs) == 1
    county.bus.call(EraseContact(contact_id=mary.contact_id))
    for _ in range(3):
        county.bus.tick()
        county.settle()
    assert county.bus.call(GetHandled(engagement_id=story)).photographs == ()
    await tell(county, a_jpeg((50, 50)), name="Mary Okafor", email="mary@example.org")
    assert county.bus.call(GetHandled(engagement_id=story)).photographs == ()


async def test_what_somebody_else_puts_into_the_queue_is_parked(county: County) -> None:
    county.bus.inject(PHOTOGRAPHS, RawMessage(b'{"content": "YWJj"}', own=True))
    county.bus.deliver()
    assert county.engagements.photographs.adrift(9) == []


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photograph_is_turned_as_it_was_held(orientation: int) -> None:
    found = Image.open(BytesIO(made_anew(BytesIO(a_photograph(size=(400, 200), orientation=orientation)))))
    assert found.size == ((400, 200) if orientation in (1, 3) else (200, 400))
    blue = {1: (5, 5), 3: (-5, -5), 6: (-5, 5), 8: (5, -5)}[orientation]
    x, y = (at % size for at, size in zip(blue, found.size, strict=True))
    red, _, shade = found.getpixel((x, y))  # type: ignore[misc]
    assert shade > 200 > red


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(1, 4_000), st.integers(1, 1_500))
def test_whatever_its_size_it_becomes_one_that_is_kept(kind: str, width: int, height: int) -> None:
    content = made_anew(BytesIO(a_photograph(kind, (width, height))))
    found = Image.open(BytesIO(content))
    assert max(found.size) == min(LONGEST_SIDE, max(width, height))
    assert len(content) <= MOST_BYTES
    assert PLACE not in content


def test_a_small_file_of_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    for side in (60_000, int(MOST_POINTS**0.5) + 1):
        with pytest.raises(Invalid, match="more points than we can read"):
            made_anew(BytesIO(a_bomb(side)))


@given(st.binary(max_size=300), st.integers(0, 600))
def test_whatever_a_file_holds_it_is_a_photograph_or_refused(noise: bytes, at: int) -> None:
    whole = a_photograph()
    for content in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        with suppress(Invalid):
            assert made_anew(BytesIO(content)).startswith(b"\xff\xd8")
