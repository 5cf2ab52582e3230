"""What stands at the head of each page: few words in one line, the rest in menus that open without JavaScript."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from services.web.words import NAVIGATION

MENUS: Mapping[str, str] = {
    "/contacts": "People",
    "/segments": "People",
    "/erasures": "People",
    "/cases": "Listening",
    "/calendar": "Listening",
    "/consultations/desk": "Listening",
    "/surveys": "Listening",
    "/quarantine": "Admin",
    "/accounts": "Admin",
}
"""The menu that an address stands in; what is not named stands by itself."""


class Link(NamedTuple):
    href: str
    text: str


class Place(NamedTuple):
    """One link, or a menu of several; it stands where its first would."""

    title: str
    """Empty for a link by itself."""
    links: tuple[Link, ...]

    def is_here(self, path: str) -> bool:
        """Whether the page at `path` belongs to one of its links."""
        return any(path == each.href or path.startswith(f"{each.href}/") for each in self.links)


def places(may: Callable[[str], bool]) -> list[Place]:
    """For whoever has these permissions; a menu of which only one link is left is that link."""
    found: dict[str, list[Link]] = {}
    for href, text, permission in NAVIGATION:
        if may(permission):
            found.setdefault(MENUS.get(href, href), []).append(Link(href, text))
    return [Place(name if len(links) > 1 else "", tuple(links)) for name, links in found.items()]
