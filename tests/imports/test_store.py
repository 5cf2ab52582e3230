"""The contract of the store of imports, on a real store and on the fake."""

import os
from datetime import timedelta

import pytest

from services.contacts.importing.fake import FakeImports
from services.contacts.importing.judging import Planned
from services.contacts.importing.store import Glance, Held, Imports, MongoImports, Window
from shared.contracts.base import new_id
from shared.contracts.erasure import Traces
from shared.contracts.imports import Import, ImportRow
from shared.mongo import connect
from tests.builders import AT, a_contact


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def imports(request: pytest.FixtureRequest) -> Imports:
    if request.param == "fake":
        return FakeImports()
    settings = request.getfixturevalue("store")
    return MongoImports(connect(settings, f"contacts_{os.urandom(4).hex()}"))


def an_import(**fields: object) -> Import:
    made = {"import_id": new_id("imp"), "version": 1, "file_name": "a.csv", "state": "draft", "counts": {}}
    return Import.model_validate(made | {"expires_at": AT} | fields)


def test_an_import_is_opened_once_and_replaced_by_its_next_version_only(imports: Imports) -> None:
    made = an_import()
    assert imports.insert(Held(made))
    assert not imports.insert(Held(made.model_copy(update={"file_name": "other.csv"})))
    following = Held(made.model_copy(update={"version": 2, "state": "judging"}), "me", AT)
    assert imports.replace(following)
    assert not imports.replace(following)
    assert imports.find(made.import_id) == following
    assert imports.find("imp_nobody") is None


def test_the_newest_imports_come_first_and_those_at_work_are_found(imports: Imports) -> None:
    first, second = an_import(), an_import(state="running")
    for each in (first, second):
        imports.insert(Held(each))
    assert imports.recent(5) == [second, first]
    assert imports.recent(1) == [second]
    assert [each.import_ for each in imports.at_work()] == [second]


def test_what_has_expired_is_found_unless_it_is_at_work_or_has_no_rows(imports: Imports) -> None:
    old = an_import()
    for each in (old, an_import(state="running"), an_import(rows_removed=True)):
        imports.insert(Held(each))
    assert imports.expired(AT + timedelta(seconds=1)) == [old]
    assert imports.expired(AT) == []
    imports.remove(old.import_id)
    assert imports.find(old.import_id) is None


def test_a_window_is_added_once_and_kept_from_stage_to_stage(imports: Imports) -> None:
    rows = (ImportRow(number=2, cells=("Ann", "")), ImportRow(number=3, cells=("Bob",)))
    imports.add_window("imp_1", Window(0, rows))
    imports.add_window("imp_1", Window(0, rows[:1]))
    assert imports.window("imp_1", 0) == Window(0, rows)
    contact = a_contact(registered_at=AT + timedelta(microseconds=7))
    planned = (
        Planned(number=2, verdict="new", after=contact, before=contact),
        Planned(number=3, verdict="faulty", kept=("why",)),
    )
    assert imports.keep_window("imp_1", Window(0, rows, planned, "planned"), ("rows",))
    assert not imports.keep_window("imp_1", Window(0, rows, (), "judged"), ("rows", "judged"))
    assert imports.window("imp_1", 0) == Window(0, rows, planned, "planned")
    assert imports.glances("imp_1") == [Glance(0, 3, {"new": 1, "faulty": 1}, 1)]


def test_windows_are_seen_in_their_order_and_removed_with_their_import(imports: Imports) -> None:
    for number in (1, 0, 2):
        imports.add_window("imp_1", Window(number, (ImportRow(number=number + 2, cells=()),)))
    imports.add_window("imp_2", Window(0, (ImportRow(number=2, cells=()),)))
    assert [each.number for each in imports.glances("imp_1")] == [0, 1, 2]
    imports.remove_windows("imp_1")
    assert imports.glances("imp_1") == []
    assert imports.window("imp_1", 0) is None
    assert len(imports.glances("imp_2")) == 1


def test_the_rows_of_somebody_erased_say_nothing_any_more(imports: Imports) -> None:
    made = an_import()
    imports.insert(Held(made))
    rows = (ImportRow(number=2, cells=("Mary Okafor", "mary@x.org")), ImportRow(number=3, cells=("Ann", "ann@x.org")))
    imports.add_window(made.import_id, Window(0, rows))
    mary = a_contact(contact_id="con_1", identifiers=[{"scheme": "email", "value": "mary@x.org"}])
    planned = tuple(
        Planned(number=number, verdict="new", name=each.name, contact_id=each.contact_id, after=each)
        for number, each in ((2, mary), (3, a_contact("Ann", contact_id="con_2")))
    )
    imports.keep_window(made.import_id, Window(0, rows, planned, "done"), ["rows"])
    imports.redact(Traces(erasure_id="era_1", contact_ids=("con_1",), names=("Mary Okafor",), emails=("mary@x.org",)))
    left = imports.window(made.import_id, 0)
    assert left is not None
    assert [each.cells for each in left.rows] == [("", ""), ("Ann", "ann@x.org")]
    assert [each.name for each in left.planned] == ["Erased contact", "Ann"]
    assert left.planned[1] == planned[1]
