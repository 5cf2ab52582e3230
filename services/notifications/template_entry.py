"""The entry points of templates, a part of the notifications service."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifications.desk import preview_of
from services.notifications.domain import is_announced
from services.notifications.invitations import LINK
from services.notifications.repository import Mailings
from services.notifications.templates import MOST_VERSIONS, find_usable, find_version
from shared.contracts.base import id_of
from shared.contracts.notifications import MailingDraft, Preview
from shared.contracts.templates import (
    CreateTemplate,
    GetTemplate,
    ListTemplates,
    ListTemplateVersions,
    PreviewTemplate,
    PutAway,
    PutAwayTemplate,
    RestoreTemplate,
    SaveTemplate,
    TakeOutTemplate,
    Template,
    TemplateList,
    TemplateText,
)
from shared.errors import Conflict, Invalid
from shared.messaging import rpc

CHANGED_MEANWHILE = "Somebody else saved this template in the meantime. Look at it again, then decide."
OF_RULES = "Put each rule away, or give it another template."
OF_MAILINGS = "Wait until each mailing is sent, or cancel it."

MOST_NAMED = 5
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
        newest = find_usable(self._mailings.templates, request.template_id)
        if newest.text == request.text:
            return newest
        if newest.version != request.version:
            raise Conflict(CHANGED_MEANWHILE)
        return self._add(_version(request.template_id, request.version + 1, request.text, request.by))

    @rpc
    def restore_template(self, request: RestoreTemplate) -> Template:
        find_usable(self._mailings.templates, request.template_id)
        old = find_version(self._mailings.templates, request.template_id, request.version)
        if old.version == old.latest:
            return old
        return self._add(_version(request.template_id, old.latest + 1, old.text, request.by, old.version))

    @rpc
    def put_away_template(self, request: PutAwayTemplate) -> Template:
        template = find_version(self._mailings.templates, request.template_id)
        if template.put_away is None:
            self._check_unused(template)
            away = PutAway(by=request.by, at=datetime.now(UTC))
            self._mailings.templates.put_away(request.template_id, away)
        return find_version(self._mailings.templates, request.template_id)

    @rpc
    def take_out_template(self, request: TakeOutTemplate) -> Template:
        self._mailings.templates.put_away(request.template_id, None)
        return find_version(self._mailings.templates, request.template_id)

    @rpc
    def get_template(self, request: GetTemplate) -> Template:
        return find_version(self._mailings.templates, request.template_id, request.version)

    @rpc
    def list_templates(self, request: ListTemplates) -> TemplateList:
        return TemplateList(
            items=tuple(
                each for each in self._mailings.templates.newest() if (each.put_away is not None) == request.put_away
            )
        )

    @rpc
    def list_template_versions(self, request: ListTemplateVersions) -> TemplateList:
        find_version(self._mailings.templates, request.template_id)
        return TemplateList(items=tuple(self._mailings.templates.versions(request.template_id)))

    @rpc
    def preview_template(self, request: PreviewTemplate) -> Preview:
        text = find_version(self._mailings.templates, request.template_id, request.version).text
        draft = MailingDraft(subject=text.subject, body=text.body, purpose=request.purpose, segment_id="template")
        return preview_of(draft, request.name, filled=FILLED)

    def _check_unused(self, template: Template) -> None:
        """Raises Conflict with the names of what would send it.

        Whoever begins to use it in this moment still can: its versions stay.
        """
        in_use = [each for each in self._mailings.rules.list() if each.put_away is None]
        waiting = [each for each in self._mailings.unfinished() if each.state == "scheduled" and is_announced(each)]
        rules = [each.settings.name for each in in_use if each.settings.template_id == template.template_id]
        mailings = [each.draft.subject for each in waiting if each.draft.template_id == template.template_id]
        users = [*(f"the rule “{each}”" for each in rules), *(f"the mailing “{each}”" for each in mailings)]
        if users:
            steps = [*([OF_RULES] if rules else []), *([OF_MAILINGS] if mailings else [])]
            raise Conflict(f"“{template.text.name}” is in use, by {_named(users)}. {' '.join(steps)}")

    def _add(self, version: Template) -> Template:
        if version.version > MOST_VERSIONS:
            raise Invalid(f"A template has up to {MOST_VERSIONS} versions. Save its text as a new template.")
        if not self._mailings.templates.add(version):
            raise Conflict(CHANGED_MEANWHILE)
        return version


def _named(users: Sequence[str]) -> str:
    """The first few, in a sentence."""
    more = len(users) - MOST_NAMED
    shown = [*users[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


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
