"""Published items, and newsletters that assemble themselves from them. Owned by services/notifications."""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Personal, Request, Value
from shared.contracts.consent import Purpose
from shared.contracts.notifications import Preview

ItemState = Literal["draft", "published", "withdrawn"]


# -- items ------------------------------------------------------------------------------------------


class ItemDraft(Value):
    """What an item says: a piece of news that stands by itself."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    summary: Annotated[str, Field(min_length=1, max_length=5_000)]
    """Markdown."""
    link: Annotated[str, Field(max_length=2_000, pattern=r"^(https?://[^\s<>\"]+)?$")] = ""
    topics: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=60)], ...], Field(max_length=20)] = ()


class Item(Value):
    """An item as it stands at `version`."""

    item_id: str
    version: int
    state: ItemState
    draft: ItemDraft
    published_at: AwareDatetime | None = None
    """When it was published last; kept when it is withdrawn."""
    changed_by: str
    created_at: AwareDatetime
    changed_at: AwareDatetime


class ItemList(Value):
    items: tuple[Item, ...]
    next_cursor: str | None = None


class WriteItem(Request[Item]):
    """Begin an item. The same `request_id` again is the same item."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Item
    request_id: str
    draft: ItemDraft
    by: str = "staff"


class _AtItem(Request[Item]):
    service: ClassVar[str] = "notifications"
    reply: ClassVar = Item
    item_id: str
    version: int
    by: str = "staff"


class ChangeItem(_AtItem):
    """Replace what an item says, also of one that is published; issues that were made keep what they say."""

    draft: ItemDraft


class PublishItem(_AtItem):
    """From now on it goes into the next issue of every newsletter."""


class WithdrawItem(_AtItem):
    """It goes into no issue that is made from now on."""


class GetItem(Request[Item]):
    service: ClassVar[str] = "notifications"
    reply: ClassVar = Item
    item_id: str


class ListItems(Request[ItemList]):
    """The newest first."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = ItemList
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None


# -- newsletters ------------------------------------------------------------------------------------


class Rhythm(Value):
    """When issues are due, in local time (Europe/London)."""

    every: Literal["week", "month"] = "week"
    weekday: Annotated[int, Field(ge=0, le=6)] = 4
    """Monday is 0; of a weekly newsletter."""
    day: Annotated[int, Field(ge=1, le=31)] = 1
    """Of a monthly one; a month that has no such day takes its last."""
    hour: Annotated[int, Field(ge=0, le=23)] = 9
    minute: Annotated[int, Field(ge=0, le=59)] = 0


class NewsletterPlan(Value):
    """What staff decide about a newsletter."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    """`{issue_date}` is the day of the issue; merge fields as in mailings."""
    body: Annotated[str, Field(min_length=1, max_length=20_000)]
    """Markdown; `{items}` is where the items go, at the end when it is nowhere."""
    purpose: Purpose = "newsletter"
    segment_id: Annotated[str, Field(min_length=1, max_length=100)]
    segment_name: Annotated[str, Field(max_length=200)] = ""
    rhythm: Rhythm = Rhythm()
    approval: bool = True
    """An issue waits as a draft until somebody sends it; else it is sent at once."""
    public: bool = False
    """Its issues stand in the public archive."""
    active: bool = True
    """Off: no issue is made; what is published meanwhile goes into the first after it is on again."""


class Issue(Value):
    """What came of one period."""

    period: str
    """The day it was due, such as `2026-11-27`."""
    at: AwareDatetime
    items: int
    mailing_id: str = ""
    """Empty: it was skipped, because nothing had been published since the last."""


class Newsletter(Value):
    """A newsletter as it stands at `version`."""

    newsletter_id: str
    version: int
    plan: NewsletterPlan
    active_since: AwareDatetime
    """No issue is made for a time before: when it was switched on, or given another rhythm."""
    items_since: AwareDatetime
    """Items published after it go into the next issue."""
    last_period: str = ""
    issues: tuple[Issue, ...] = ()
    """The latest, newest first."""
    changed_by: str
    created_at: AwareDatetime
    changed_at: AwareDatetime


class NewsletterList(Value):
    newsletters: tuple[Newsletter, ...]


class CreateNewsletter(Request[Newsletter]):
    """The same `request_id` again is the same newsletter."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Newsletter
    request_id: str
    plan: NewsletterPlan
    by: str = "staff"


class ChangeNewsletter(Request[Newsletter]):
    """Replace the plan, if nobody changed it since `version` (else Conflict). Nothing is made up for."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = Newsletter
    newsletter_id: str
    version: int
    plan: NewsletterPlan
    by: str = "staff"


class ListNewsletters(Request[NewsletterList]):
    """All of them, by name."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = NewsletterList


class NextIssue(Value):
    """A newsletter, and what its next issue would be if it were made now."""

    newsletter: Newsletter
    due_at: AwareDatetime | None
    """None while it is switched off."""
    items: tuple[Item, ...]
    preview: Preview | None = None
    """None when nothing has been published: the issue would be skipped."""


class PreviewIssue(Request[NextIssue]):
    """The next issue as somebody of this name would get it."""

    service: ClassVar[str] = "notifications"
    reply: ClassVar = NextIssue
    newsletter_id: str
    name: Annotated[str, Personal, Field(max_length=200)] = "Mary Okafor"
