"""The public archive, a part of the notifications service."""

import re
from datetime import UTC, datetime

from services.notifications import domain
from services.notifications.content import body_html
from services.notifications.repository import Mailings
from services.notifications.skeleton import FIELD
from shared.contracts.archive import (
    ArchivedMailing,
    ArchivedText,
    ArchivePage,
    ListArchive,
    ReadArchived,
    ShowInArchive,
)
from shared.contracts.notifications import Mailing
from shared.errors import Conflict, NotFound
from shared.messaging import rpc

READER = "reader"
NOT_THERE = "There is no such newsletter in the archive."
CHANGED_MEANWHILE = "This mailing is being changed at this moment. Try again in a minute."
_HEADING = re.compile(r"(</?h)([1-5])>")


class ArchiveEntry:
    """What everybody may read; whoever inherits has the mailings."""

    _mailings: Mailings

    @rpc
    def list_archive(self, request: ListArchive) -> ArchivePage:
        found = self._mailings.archived(request.limit, request.cursor)
        more = len(found) == request.limit
        return ArchivePage(items=tuple(_about(each) for _, each in found), next_cursor=found[-1][0] if more else None)

    @rpc
    def read_archived(self, request: ReadArchived) -> ArchivedText:
        mailing = self._mailings.find(request.mailing_id)
        if mailing is None or not domain.is_archived(mailing):
            raise NotFound(NOT_THERE)
        return ArchivedText(mailing=_about(mailing), html=_below_the_title(for_anybody(body_html(mailing.draft.body))))

    @rpc
    def show_in_archive(self, request: ShowInArchive) -> Mailing:
        mailing = self._mailings.find(request.mailing_id)
        if mailing is None:
            raise NotFound("There is no such mailing.")
        shown = domain.show_in_archive(mailing, request.shown, datetime.now(UTC))
        if not self._mailings.replace(shown):
            raise Conflict(CHANGED_MEANWHILE)
        return shown


def for_anybody(text: str) -> str:
    """With merge fields as they read for nobody in particular."""
    return FIELD.sub(lambda found: found[2] or (READER if "name" in found[1] else ""), text)


def _about(mailing: Mailing) -> ArchivedMailing:
    return ArchivedMailing(
        mailing_id=mailing.mailing_id,
        subject=for_anybody(mailing.draft.subject),
        sent_at=mailing.frozen_at or mailing.changed_at,
    )


def _below_the_title(html: str) -> str:
    """The subject is the first heading of the page: those of the text stand one lower."""
    return _HEADING.sub(lambda found: f"{found[1]}{int(found[2]) + 1}>", html)
