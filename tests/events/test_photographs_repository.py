"""The contract of the store of photographs, on a real store and on the fake; and what is nothing but a picture."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.events.photographs.domain import Kept, keep, read_content
from services.events.repository import Engagements
from shared.errors import Invalid
from tests.builders import AT
from tests.events.pictures import a_jpeg


def a_photograph(engagement_id: str = "eng_1", content: bytes = b"one", minutes: int = 0) -> Kept:
    return keep(engagement_id, content, AT + timedelta(minutes=minutes), "Ann")


def ids(repository: Engagements, engagement_id: str = "eng_1") -> list[str]:
    return [each.photograph_id for each in repository.photographs.of(engagement_id)]


def test_photographs_of_an_engagement_are_kept_once_in_the_order_in_which_they_came(repository: Engagements) -> None:
    store, later, first = repository.photographs, a_photograph(content=b"two", minutes=5), a_photograph()
    store.insert([later, first, a_photograph("eng_2")])
    store.insert([first])
    assert ids(repository) == [first.photograph_id, later.photograph_id]
    assert store.find("eng_1", first.photograph_id) == b"one"
    assert store.find("eng_2", first.photograph_id) is None
    assert store.of("eng_1")[0].added_by == "Ann"


def test_one_that_was_removed_does_not_come_back(repository: Engagements) -> None:
    store, one = repository.photographs, a_photograph()
    store.insert([one])
    store.remove("eng_2", one.photograph_id)
    assert ids(repository) == [one.photograph_id]
    for _ in range(2):
        store.remove("eng_1", one.photograph_id)
    store.insert([one])
    assert ids(repository) == []
    assert store.find("eng_1", one.photograph_id) is None


def test_of_an_engagement_that_is_forgotten_nothing_is_kept_that_still_comes(repository: Engagements) -> None:
    store, one, late = repository.photographs, a_photograph(), a_photograph(content=b"late")
    store.insert([one, a_photograph("eng_2")])
    for _ in range(2):
        store.forget("eng_1")
    store.insert([late], is_adrift=True)
    assert ids(repository) == []
    assert store.find("eng_1", late.photograph_id) is None
    assert len(ids(repository, "eng_2")) == 1
    assert (store.is_forgotten("eng_1"), store.is_forgotten("eng_2")) == (True, False)


def test_those_without_a_story_are_known_until_it_comes_or_they_are_dropped(repository: Engagements) -> None:
    store = repository.photographs
    one, two, three = (a_photograph(f"eng_{number}") for number in (1, 2, 3))
    store.insert([one, two], is_adrift=True)
    store.insert([three])
    assert {each.engagement_id for each in store.adrift(10)} == {"eng_1", "eng_2"}
    store.settle([one.photograph_id])
    store.drop([one.photograph_id, two.photograph_id, three.photograph_id])
    assert list(store.adrift(10)) == []
    assert (len(ids(repository)), ids(repository, "eng_2"), len(ids(repository, "eng_3"))) == (1, [], 1)


def _with_segment(content: bytes, kind: int, text: bytes) -> bytes:
    return content[:2] + bytes([0xFF, kind]) + (len(text) + 2).to_bytes(2) + text + content[2:]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: _with_segment(content, 0xE1, b"Exif\0\0GPS"),
        lambda content: _with_segment(content, 0xED, b"Photoshop"),
        lambda content: _with_segment(content, 0xFE, b"a comment"),
        lambda content: content + b"trailing",
        lambda content: content[:20],
        lambda _: b"\x89PNG\r\n\x1a\n",
        lambda _: b"",
    ],
)
def test_what_holds_more_than_a_picture_is_refused(change: Callable[[bytes], Any]) -> None:
    assert read_content(b64encode(a_jpeg()).decode()) == a_jpeg()
    with pytest.raises(Invalid):
        read_content(b64encode(change(a_jpeg())).decode())


@pytest.mark.parametrize("encoded", ["not base64!", "YWJj", "A" * 1_400_000])
def test_what_is_no_photograph_is_refused(encoded: str) -> None:
    with pytest.raises(Invalid):
        read_content(encoded)
