"""Staff import a spreadsheet through the pages: upload, mapping, dry run, run, what was left out, and back."""

import re
from typing import Any

import httpx
import pytest

from services.web import form_size
from tests.web.conftest import County
from tests.web.test_spreadsheets import workbook

pytestmark = pytest.mark.anyio
PANEL = (
    "Name;E-mail;Phone;Locality;Newsletter by e-mail\r\n"
    "Zoë Müller;zoe@x.org;0113 496 0123;Eastmere;yes\r\n"
    "Mary Okafor;mary@x.org;;;\r\n"
    "=HYPERLINK(1);bad;;Eastmeer;perhaps\r\n"
)


class Browser:
    """Follows forms as a browser without JavaScript does."""

    def __init__(self, http: httpx.AsyncClient, county: County) -> None:
        self.http, self.county = http, county

    async def upload(self, content: bytes, name: str = "panel.csv") -> httpx.Response:
        fields = hidden((await self.http.get("/imports/new")).text)
        return await self.http.post("/imports/new", data=fields, files={"file": (name, content)}, follow_redirects=True)

    async def send(self, page: httpx.Response, action: str, **typed: Any) -> httpx.Response:
        fields = hidden(page.text) | selected(page.text) | typed
        return await self.http.post(
            f"{page.url.path.removesuffix('/mapping')}/{action}", data=fields, follow_redirects=True
        )

    async def look(self, page: httpx.Response) -> httpx.Response:
        self.county.bus.tick()
        return await self.http.get(page.url.path)


def main(page: httpx.Response) -> str:
    return page.text.split("<main")[1]


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def selected(page: str) -> dict[str, str]:
    found = {}
    for name, options in re.findall(r'<select[^>]* name="([\w-]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    return found


@pytest.fixture
def visitor(browser: httpx.AsyncClient, county: County) -> Browser:
    return Browser(browser, county)


CONSENT = {"duplicates": "update", "wording": "May we?", "evidence": "Forms", "consented_on": "2014-03-12"}


async def test_a_windows_file_is_imported_and_taken_back(visitor: Browser) -> None:
    mapping = await visitor.upload(PANEL.encode("cp1252"))
    assert "Zoë Müller" in mapping.text
    assert selected(mapping.text)["use-4"] == "consent:newsletter:email"
    judging = await visitor.send(mapping, "mapping", **CONSENT)
    judged = await visitor.look(judging)
    assert "What the import would do" in judged.text
    assert "Did you mean “Eastmere”?" in judged.text
    done = await visitor.look(await visitor.send(judged, "run"))
    assert "Imported" in done.text
    visitor.county.settle()
    assert "Zoë" in main(await visitor.http.get("/contacts?q=zoe"))
    back = await visitor.look(await visitor.send(done, "revert"))
    assert "Everything has been taken back." in back.text
    visitor.county.settle()
    assert "Zoë" not in main(await visitor.http.get("/contacts?q=zoe"))


async def test_what_is_left_out_can_be_mended_in_a_spreadsheet_and_runs_nothing_there(visitor: Browser) -> None:
    judging = await visitor.send(await visitor.upload(PANEL.encode()), "mapping", **CONSENT)
    judged = await visitor.look(judging)
    left_out = await visitor.http.get(f"{judged.url.path}/left-out.csv")
    assert left_out.headers["content-disposition"].startswith("attachment")
    text = left_out.content.decode("utf-8-sig")
    assert text.splitlines()[0] == "Name,E-mail,Phone,Locality,Newsletter by e-mail,Row,Why it was left out"
    assert text.splitlines()[1].startswith("'=HYPERLINK(1),bad,,Eastmeer,perhaps,4,The name is a formula.")
    assert len(text.splitlines()) == 2


async def test_a_workbook_is_read(visitor: Browser) -> None:
    mapping = await visitor.upload(workbook([["Name", "E-mail"], ["Ann Lee", "ann@x.org"]]), "panel.xlsx")
    assert "Ann Lee" in mapping.text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Choose a file"),
        (b"Name,E-mail\n", "headings and no rows"),
        (b"PK\x03\x04rubbish", "cannot be read"),
        (b"\xd0\xcf\x11\xe0old", "old Excel file"),
    ],
)
async def test_a_file_that_cannot_be_used_says_why(visitor: Browser, content: bytes, sentence: str) -> None:
    answer = await visitor.upload(content)
    assert answer.status_code == 422
    assert sentence in answer.text


async def test_a_file_that_is_too_large_is_refused(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(form_size.UPLOADS, "/imports/new", (1000, form_size.UPLOADS["/imports/new"][1]))
    answer = await visitor.upload(b"Name\n" + b"Ann\n" * 1000)
    assert (answer.status_code, "20 MB" in answer.text) == (413, True)


async def test_settings_that_cannot_be_used_come_back_as_they_were_chosen(visitor: Browser) -> None:
    mapping = await visitor.upload(PANEL.encode())
    answer = await visitor.send(
        mapping, "mapping", **CONSENT | {"wording": "", "evidence": "Box 12", "use-1": "ignore"}
    )
    assert "word for word" in answer.text
    assert 'value="Box 12"' in answer.text
    assert selected(answer.text)["use-1"] == "ignore"


async def test_an_upload_can_be_discarded(visitor: Browser) -> None:
    gone = await visitor.send(await visitor.upload(PANEL.encode()), "cancel")
    assert "no row was kept" in gone.text
    assert "Zoë" not in gone.text


async def test_progress_is_a_part_of_the_page_until_there_is_another_page(visitor: Browser) -> None:
    judging = await visitor.send(await visitor.upload(PANEL.encode()), "mapping", **CONSENT)
    part = await visitor.http.get(judging.url.path, headers={"HX-Request": "true"})
    assert ("<progress" in part.text, "HX-Refresh" in part.headers) == (True, False)
    visitor.county.bus.tick()
    part = await visitor.http.get(judging.url.path, headers={"HX-Request": "true"})
    assert part.headers["HX-Refresh"] == "true"


async def test_what_a_file_says_is_never_markup(visitor: Browser) -> None:
    nasty = b"<script>alert(1)</script>,E-mail\n<img src=x onerror=alert(1)>,a@x.org\n"
    mapping = await visitor.upload(nasty, '"><script>alert(2)</script>.csv')
    assert "<script>alert" not in mapping.text
    assert "<img src=x" not in mapping.text
