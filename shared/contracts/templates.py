"""Templates of messages, each saved change a version that is never changed. Owned by services/notifications."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Personal, Request, Value
from shared.contracts.consent import Purpose
from shared.contracts.notifications import Preview


class TemplateText(Value):
    """What a template says. `{name}` and other merge fields are filled in for each recipient."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """What staff call it."""
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    body: Annotated[str, Field(min_length=1, max_length=30_000)]
    """Markdown."""


class PutAway(Value):
    """Who put something away, and when: it is offered nowhere any more, stays as it is, and can be taken out again."""

    by: str
    at: AwareDatetime


class Template(Value):
    """One version of a template."""

    template_id: str
    version: int
    latest: int
    """The newest version: this one, unless an older one was asked for."""
    text: TemplateText
    restored_from: int = 0
    """The version whose text this one has again; 0: it was written anew."""
    saved_by: str
    saved_at: AwareDatetime
    put_away: PutAway | None = None
    """Of the template, not of the version; None: it can be used."""


class TemplateList(Value):
    items: tuple[Template, ...]


class CreateTemplate(Request[Template]):
    """Save a template as version 1. The same `request_id` again is the same template."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Template
    request_id: str
    text: TemplateText
    by: str = "staff"


class SaveTemplate(Request[Template]):
    """Save another version, if nobody did since `version` (else Conflict). The same text again is no version."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Template
    template_id: str
    version: int
    text: TemplateText
    by: str = "staff"


class RestoreTemplate(Request[Template]):
    """Save the text of an older version as the newest."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Template
    template_id: str
    version: int
    by: str = "staff"


class PutAwayTemplate(Request[Template]):
    """Offer it nowhere any more; its versions stay. Conflict names the rules and scheduled mailings that use it."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Template
    template_id: str
    by: str = "staff"


class TakeOutTemplate(Request[Template]):
    """Undo PutAwayTemplate."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Template
    template_id: str
    by: str = "staff"


class GetTemplate(Request[Template]):
    """One version; without a number the newest."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Template
    template_id: str
    version: int | None = None


class ListTemplates(Request[TemplateList]):
    """The newest version of each template that can be used (or of each that is put away), by name."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = TemplateList
    put_away: bool = False


class ListTemplateVersions(Request[TemplateList]):
    """Every version of a template, the newest first."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = TemplateList
    template_id: str


class PreviewTemplate(Request[Preview]):
    """What a message by a version of a template looks like to somebody of this name."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Preview
    template_id: str
    version: int | None = None
    purpose: Purpose = "newsletter"
    name: Annotated[str, Personal, Field(max_length=200)] = "Mary Okafor"
