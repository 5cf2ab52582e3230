"""When an issue of a newsletter is due, and what it says. Pure: time is passed in."""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.notifications import domain as mailings
from shared.contracts.newsletters import Issue, Item, ItemDraft, Newsletter, NewsletterPlan, Rhythm
from shared.contracts.notifications import Mailing, MailingDraft
from shared.errors import Conflict

LONDON = ZoneInfo("Europe/London")
GRACE = timedelta(minutes=1)
"""An issue is made so long after it is due: an item that was published in its last second is in the store then."""
KEPT = 24
"""Issues that a newsletter remembers; all of them stand among the mailings."""
MOST_ITEMS = 100
MOST_TEXT = 90_000
"""Items and characters of one issue; what is over goes into the next."""
BY = "newsletter"
_MEANT = re.compile(r"([\\`*_\[\]<>#|])")


# -- items ------------------------------------------------------------------------------------------


def write(item_id: str, draft: ItemDraft, at: datetime, by: str) -> Item:
    return Item(item_id=item_id, version=1, state="draft", draft=draft, changed_by=by, created_at=at, changed_at=at)


def rewrite(item: Item, draft: ItemDraft, at: datetime, by: str) -> Item:
    return _next_item(item, at, by, draft=draft)


def publish(item: Item, at: datetime, by: str) -> Item:
    """One that was withdrawn may be published again: it is news again."""
    if item.state == "published":
        raise Conflict("This item is published already.")
    return _next_item(item, at, by, state="published", published_at=at)


def withdraw(item: Item, at: datetime, by: str) -> Item:
    if item.state != "published":
        raise Conflict("Only what is published can be withdrawn.")
    return _next_item(item, at, by, state="withdrawn")


def _next_item(item: Item, at: datetime, by: str, **fields: object) -> Item:
    return item.model_copy(update={"version": item.version + 1, "changed_by": by, "changed_at": at, **fields})


# -- periods ----------------------------------------------------------------------------------------


class Period(NamedTuple):
    """A time at which an issue is due. `name` is its local day: no newsletter has two issues of one day."""

    name: str
    due_at: datetime


def latest_period(rhythm: Rhythm, at: datetime) -> Period:
    """The last that is not later than `at`."""
    today = at.astimezone(LONDON).date()
    day = _day_of(rhythm, today)
    found = _period(rhythm, day)
    return found if found.due_at <= at else _period(rhythm, _shifted(rhythm, day, -1))


def next_period(rhythm: Rhythm, at: datetime) -> Period:
    """The first that is later than `at`."""
    day = _day_of(rhythm, at.astimezone(LONDON).date())
    found = _period(rhythm, day)
    return found if found.due_at > at else _period(rhythm, _shifted(rhythm, day, 1))


def _day_of(rhythm: Rhythm, today: date) -> date:
    """The day of the issue in this week or month."""
    if rhythm.every == "week":
        return today + timedelta(days=rhythm.weekday - today.weekday())
    return _in_month(rhythm, today.year, today.month)


def _shifted(rhythm: Rhythm, day: date, by: int) -> date:
    if rhythm.every == "week":
        return day + timedelta(weeks=by)
    months = day.year * 12 + day.month - 1 + by
    return _in_month(rhythm, months // 12, months % 12 + 1)


def _in_month(rhythm: Rhythm, year: int, month: int) -> date:
    return date(year, month, min(rhythm.day, monthrange(year, month)[1]))


def _period(rhythm: Rhythm, day: date) -> Period:
    return Period(day.isoformat(), datetime.combine(day, time(rhythm.hour, rhythm.minute), LONDON))


# -- newsletters ------------------------------------------------------------------------------------


def create(newsletter_id: str, plan: NewsletterPlan, at: datetime, by: str) -> Newsletter:
    return Newsletter(
        newsletter_id=newsletter_id,
        version=1,
        plan=plan,
        active_since=at,
        items_since=at,
        changed_by=by,
        created_at=at,
        changed_at=at,
    )


def change(newsletter: Newsletter, plan: NewsletterPlan, at: datetime, by: str) -> Newsletter:
    """With another plan. Switched on or given another rhythm, it makes up for no time that has passed."""
    before = newsletter.plan
    is_anew = plan.rhythm != before.rhythm or (plan.active and not before.active)
    since = {"active_since": at} if is_anew else {}
    return newsletter.model_copy(
        update={"version": newsletter.version + 1, "plan": plan, "changed_by": by, "changed_at": at, **since}
    )


def due_period(newsletter: Newsletter, at: datetime) -> Period | None:
    """The one period an issue is to be made for; of several that were missed, the last.

    A clock that jumps back comes to no period again. One that jumps forth makes the issue of that time, and the next
    when that time has passed.
    """
    period = latest_period(newsletter.plan.rhythm, at - GRACE)
    is_new = period.name > newsletter.last_period and period.due_at > newsletter.items_since
    return period if newsletter.plan.active and is_new and period.due_at >= newsletter.active_since else None


def choose(plan: NewsletterPlan, waiting: Sequence[Item]) -> Sequence[Item]:
    """So many of the items, the oldest first, as one issue holds."""
    room = MOST_TEXT - len(plan.body)
    for number, item in enumerate(waiting[:MOST_ITEMS]):
        room -= len(_news(item.draft))
        if room < 0:
            return waiting[:number]
    return waiting[:MOST_ITEMS]


def settle(newsletter: Newsletter, period: Period, items: Sequence[Item], mailing_id: str, at: datetime) -> Newsletter:
    """The period is dealt with: an issue was made, or skipped because there was nothing to tell.

    What waits next is reckoned from the last item that was told, not from our clock, which may be wrong.
    """
    issue = Issue(period=period.name, at=at, items=len(items), mailing_id=mailing_id)
    return newsletter.model_copy(
        update={
            "version": newsletter.version + 1,
            "items_since": items[-1].published_at if items else newsletter.items_since,
            "last_period": period.name,
            "issues": (issue, *newsletter.issues)[:KEPT],
        }
    )


def compose(plan: NewsletterPlan, items: Sequence[Item], day: date) -> MailingDraft:
    """What the issue of a day says."""
    said = f"{day.day} {day:%B %Y}"
    news = "\n\n".join(_news(each.draft) for each in items)
    body = plan.body.replace("{items}", news) if "{items}" in plan.body else f"{plan.body}\n\n{news}"
    return MailingDraft(
        subject=plan.subject.replace("{issue_date}", said)[:200],
        body=body.replace("{issue_date}", said)[:100_000],
        purpose=plan.purpose,
        segment_id=plan.segment_id,
        segment_name=plan.segment_name,
        public=plan.public,
    )


def issue(mailing_id: str, newsletter: Newsletter, period: Period, items: Sequence[Item], at: datetime) -> Mailing:
    """The mailing of a period: a draft that waits for approval, or one that is due at once."""
    draft = compose(newsletter.plan, items, date.fromisoformat(period.name))
    about = {"newsletter_id": newsletter.newsletter_id, "period": period.name}
    mailing = mailings.draft(mailing_id, draft, at, BY).model_copy(update=about)
    if newsletter.plan.approval:
        return mailing
    return mailing.model_copy(update={"state": "scheduled", "scheduled_at": at})


def _news(draft: ItemDraft) -> str:
    title = _MEANT.sub(r"\\\1", " ".join(draft.title.split()))
    heading = f"[{title}]({_address(draft.link)})" if draft.link else title
    return f"## {heading}\n\n{draft.summary.strip()}"


def _address(link: str) -> str:
    """As it may stand between parentheses, where a brace is no merge field either."""
    for character in "(){}":
        link = link.replace(character, f"%{ord(character):02X}")
    return link
