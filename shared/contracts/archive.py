"""The public archive: mailings that were sent and may be read by everybody. Owned by services/notifications."""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Request, Value
from shared.contracts.notifications import Mailing


class ArchivedMailing(Value):
    """A mailing in the archive; nothing in it says to whom it was sent."""

    mailing_id: str
    subject: str
    sent_at: AwareDatetime


class ArchivePage(Value):
    items: tuple[ArchivedMailing, ...]
    next_cursor: str | None = None


class ListArchive(Request[ArchivePage]):
    """The newest first."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = ArchivePage
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None


class ArchivedText(Value):
    mailing: ArchivedMailing
    html: str
    """Sanitised; merge fields show their default, or a word for any reader."""


class ReadArchived(Request[ArchivedText]):
    """NotFound for every mailing that does not stand in the archive."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = ArchivedText
    mailing_id: str


class ShowInArchive(Request[Mailing]):
    """Put a mailing that is being sent or was sent into the archive, or take it out."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Mailing
    mailing_id: str
    shown: bool
    by: str = "staff"
