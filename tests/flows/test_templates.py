"""A template is saved as one version after another; what was written from one keeps what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.base import new_id
from shared.contracts.templates import (
    CreateTemplate,
    GetTemplate,
    ListTemplates,
    ListTemplateVersions,
    PreviewTemplate,
    RestoreTemplate,
    SaveTemplate,
    Template,
    TemplateText,
)
from shared.errors import Conflict, NotFound
from tests.builders import a_template_text
from tests.flows.test_mailings import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.sink.close()


def create(office: Office, **fields: str) -> Template:
    return office.bus.call(CreateTemplate(request_id=new_id(), text=a_template_text(**fields)))


def save(office: Office, template: Template, **fields: str) -> Template:
    text: TemplateText = template.text.model_copy(update=fields)
    return office.bus.call(SaveTemplate(template_id=template.template_id, version=template.version, text=text))


def test_each_change_is_a_version_and_the_older_ones_stay(office: Office) -> None:
    first = create(office, subject="Welcome")
    second = save(office, first, subject="Welcome, {name}")
    assert (second.version, second.latest) == (2, 2)
    assert office.bus.call(GetTemplate(template_id=first.template_id)).text.subject == "Welcome, {name}"
    old = office.bus.call(GetTemplate(template_id=first.template_id, version=1))
    assert (old.text, old.version, old.latest) == (first.text, 1, 2)


def test_the_same_text_again_is_no_version(office: Office) -> None:
    first = create(office)
    assert save(office, first) == first


def test_the_later_of_two_who_save_is_told(office: Office) -> None:
    first = create(office)
    save(office, first, subject="Mine")
    with pytest.raises(Conflict):
        save(office, first, subject="Yours")
    assert [each.text.subject for each in office.bus.call(ListTemplates()).items] == ["Mine"]


def test_an_older_text_taken_back_is_the_newest_version(office: Office) -> None:
    first = create(office, subject="Welcome")
    save(office, first, subject="Hello")
    restored = office.bus.call(RestoreTemplate(template_id=first.template_id, version=1))
    assert (restored.version, restored.restored_from, restored.text) == (3, 1, first.text)
    versions = office.bus.call(ListTemplateVersions(template_id=first.template_id)).items
    assert [each.version for each in versions] == [3, 2, 1]


def test_the_same_request_makes_one_template(office: Office) -> None:
    made = [office.bus.call(CreateTemplate(request_id="r", text=a_template_text())) for _ in range(2)]
    assert made[0] == made[1]
    assert len(office.bus.call(ListTemplates()).items) == 1


def test_templates_are_listed_by_name(office: Office) -> None:
    for name in ("welcome", "Board papers"):
        create(office, name=name)
    assert [each.text.name for each in office.bus.call(ListTemplates()).items] == ["Board papers", "welcome"]


def test_a_version_is_previewed_as_its_recipient_reads_it(office: Office) -> None:
    first = create(office, subject="Welcome, {name}", body="Dear {nmae}")
    preview = office.bus.call(PreviewTemplate(template_id=first.template_id, name="Ann"))
    assert (preview.subject, preview.fields) == ("Welcome, Ann", ("nmae",))
    assert "Unsubscribe" in preview.html


def test_what_nobody_saved_is_not_found(office: Office) -> None:
    first = create(office)
    for question in (
        GetTemplate(template_id="tpl_none"),
        GetTemplate(template_id=first.template_id, version=2),
        ListTemplateVersions(template_id="tpl_none"),
    ):
        with pytest.raises(NotFound):
            office.bus.call(question)
