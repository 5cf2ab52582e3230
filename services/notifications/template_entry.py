"""The entry points of templates, a part of the notifications service."""

from datetime import UTC, datetime

from services.notifications.desk import preview_of
from services.notifications.invitations import LINK
from services.notifications.repository import Mailings
from services.notifications.templates import MOST_VERSIONS, find_version
from shared.contracts.base import id_of
from shared.contracts.notifications import MailingDraft, Preview
from shared.contracts.templates import (
    CreateTemplate,
    GetTemplate,
    ListTemplates,
    ListTemplateVersions,
    PreviewTemplate,
    RestoreTemplate,
    SaveTemplate,
    Template,
    TemplateList,
    TemplateText,
)
from shared.errors import Conflict, Invalid
from shared.messaging import rpc

CHANGED_MEANWHILE = "Somebody else saved this template in the meantime. Look at it again, then decide."

FILLED = ("digest", LINK)
"""By a rule, or in an invitation."""


class TemplateEntry:
    """What staff do with templates; whoever inherits has the store."""

    _mailings: Mailings

    @rpc
    def create_template(self, request: CreateTemplate) -> Template:
        template_id = id_of("tpl", request.request_id)
        self._mailings.templates.add(_version(template_id, 1, request.text, request.by))
        return find_version(self._mailings.templates, template_id)

    @rpc
    def save_template(self, request: SaveTemplate) -> Template:
        newest = find_version(self._mailings.templates, request.template_id)
        if newest.text == request.text:
            return newest
        if newest.version != request.version:
            raise Conflict(CHANGED_MEANWHILE)
        return self._add(_version(request.template_id, request.version + 1, request.text, request.by))

    @rpc
    def restore_template(self, request: RestoreTemplate) -> Template:
        old = find_version(self._mailings.templates, request.template_id, request.version)
        if old.version == old.latest:
            return old
        return self._add(_version(request.template_id, old.latest + 1, old.text, request.by, old.version))

    @rpc
    def get_template(self, request: GetTemplate) -> Template:
        return find_version(self._mailings.templates, request.template_id, request.version)

    @rpc
    def list_templates(self, request: ListTemplates) -> TemplateList:
        return TemplateList(items=tuple(self._mailings.templates.newest()))

    @rpc
    def list_template_versions(self, request: ListTemplateVersions) -> TemplateList:
        find_version(self._mailings.templates, request.template_id)
        return TemplateList(items=tuple(self._mailings.templates.versions(request.template_id)))

    @rpc
    def preview_template(self, request: PreviewTemplate) -> Preview:
        text = find_version(self._mailings.templates, request.template_id, request.version).text
        draft = MailingDraft(subject=text.subject, body=text.body, purpose=request.purpose, segment_id="template")
        return preview_of(draft, request.name, filled=FILLED)

    def _add(self, version: Template) -> Template:
        if version.version > MOST_VERSIONS:
            raise Invalid(f"A template has up to {MOST_VERSIONS} versions. Save its text as a new template.")
        if not self._mailings.templates.add(version):
            raise Conflict(CHANGED_MEANWHILE)
        return version


def _version(template_id: str, version: int, text: TemplateText, by: str, restored_from: int = 0) -> Template:
    return Template(
        template_id=template_id,
        version=version,
        latest=version,
        text=text,
        restored_from=restored_from,
        saved_by=by,
        saved_at=datetime.now(UTC),
    )
