"""What stands at the head of each page: all that somebody may do, in few words."""

import pytest

from services.web.navigation import MENUS, places
from services.web.words import NAVIGATION
from tests.web.conftest import County


def test_everything_stands_in_one_place_and_nothing_that_is_not_allowed() -> None:
    everything = [each for place in places(lambda permission: True) for each in place.links]
    assert sorted(each.href for each in everything) == sorted(href for href, _, _ in NAVIGATION)
    assert places(lambda permission: False) == []
    assert MENUS.keys() <= {href for href, _, _ in NAVIGATION}


def test_somebody_with_every_role_reads_few_words() -> None:
    found = [place.title or place.links[0].text for place in places(lambda permission: True)]
    assert found == ["Search", "People", "Listening", "Mailings", "Log an engagement", "Admin"]


def test_a_menu_of_one_link_is_that_link_and_one_says_whether_the_page_is_in_it() -> None:
    _, contacts, listening = places(lambda permission: permission in ("history:read", "cases:read", "meetings:read"))
    assert (contacts.title, contacts.links[0].text) == ("", "Contacts")
    assert (listening.title, len(listening.links)) == ("Listening", 2)
    assert listening.is_here("/cases")
    assert listening.is_here("/calendar/mtg_1")
    assert not listening.is_here("/casework")


@pytest.mark.anyio
async def test_menus_are_plain_html(county: County) -> None:
    async with county.browser("board_reader") as reader:
        page = (await reader.get("/cases")).text
    assert page.count("<summary") >= 1
    assert '<summary class="wh-menu__here">Listening</summary>' in page
    assert '<a href="/cases" aria-current="page">Cases</a>' in page
