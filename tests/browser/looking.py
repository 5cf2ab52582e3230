"""How a page looks at both widths: to people who use assistive technology, and on a telephone.

`make pictures` keeps what was seen in `screenshots/`; the tests themselves need no picture, which takes as long as the
rest of a look.
"""

import os
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
IS_KEPT = bool(os.environ.get("PICTURES"))
_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def look(page: Page, name: str) -> list[str]:
    """What axe finds, and whether one has to scroll sideways. The page is left at the last of the widths.

    name: of the picture below `screenshots/`.
    """
    return [fault for width in WIDTHS for fault in look_at(page, name, width)]


def look_at(page: Page, name: str, width: str) -> list[str]:
    """The same at one of the widths."""
    across, down = WIDTHS[width]
    page.set_viewport_size({"width": across, "height": down})
    if IS_KEPT:
        picture = SCREENSHOTS / f"{name}-{width}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture, full_page=True)
    found = Axe().run(page).response["violations"]
    faults = [f"{name}, {width}: {each['id']} {node['html']}" for each in found for node in each["nodes"]]
    return [*faults, f"{name}, {width}: wider than the screen"] if page.evaluate(_SIDEWAYS) else faults
