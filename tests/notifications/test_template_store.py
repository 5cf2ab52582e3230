"""The contract of the store of templates, on a real store and on the fake."""

from shared.contracts.base import new_id
from shared.contracts.templates import PutAway, Template
from tests.builders import AT, a_template_text
from tests.notifications.test_ledger import Stored, stored

__all__ = ["stored"]


def a_version(template_id: str, version: int, **fields: str) -> Template:
    text = a_template_text(**fields)
    return Template(template_id=template_id, version=version, latest=version, text=text, saved_by="staff", saved_at=AT)


def test_a_version_is_added_once_and_after_the_newest_only(stored: Stored) -> None:
    template_id = new_id("tpl")
    first, second = a_version(template_id, 1), a_version(template_id, 2, subject="Hello")
    assert stored.mailings.templates.add(first)
    assert not stored.mailings.templates.add(first)
    assert not stored.mailings.templates.add(a_version(template_id, 3))
    assert stored.mailings.templates.add(second)
    assert not stored.mailings.templates.add(second)
    assert stored.mailings.templates.versions(template_id) == [second, first.model_copy(update={"latest": 2})]
    assert stored.mailings.templates.versions("none") == []


def test_the_newest_of_each_is_listed_by_name(stored: Stored) -> None:
    for name in ("b", "A", "c"):
        stored.mailings.templates.add(a_version(new_id("tpl"), 1, name=name))
    assert [each.text.name for each in stored.mailings.templates.newest()] == ["A", "b", "c"]


def test_a_template_is_put_away_by_the_first_and_takes_no_version_until_it_is_taken_out(stored: Stored) -> None:
    templates, template_id = stored.mailings.templates, new_id("tpl")
    first = a_version(template_id, 1)
    templates.add(first)
    assert templates.put_away(template_id, PutAway(by="Sam", at=AT))
    assert not templates.put_away(template_id, PutAway(by="Eve", at=AT))
    assert templates.versions(template_id) == [first.model_copy(update={"put_away": PutAway(by="Sam", at=AT)})]
    assert templates.versions(template_id) == templates.newest()
    assert not templates.add(a_version(template_id, 2))
    assert templates.put_away(template_id, None)
    assert not templates.put_away(template_id, None)
    assert templates.versions(template_id) == [first]
    assert templates.add(a_version(template_id, 2))
    assert not templates.put_away("none", PutAway(by="Sam", at=AT))
