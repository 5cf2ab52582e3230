"""The page of components shows every one there is."""

import re
from pathlib import Path

import httpx
import pytest

from tests.web.test_pages import text

TEMPLATES = Path(__file__).parents[2] / "services" / "web" / "templates"
ELSEWHERE = {"csrf", "entry_address"}
"""Macros that show nothing by themselves."""


def test_every_macro_of_the_components_is_on_the_page_of_components() -> None:
    macros = set(re.findall(r"{% macro (\w+)\(", (TEMPLATES / "components.html").read_text()))
    (used,) = re.findall(r'from "components.html" import ([^%]+) %}', (TEMPLATES / "design.html").read_text())
    assert macros - ELSEWHERE == {each.split()[0] for each in used.split(", ")}


@pytest.mark.anyio
async def test_it_is_open_to_staff(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/design")
    assert page.status_code == 200
    assert "There is a problem" in text(page)
