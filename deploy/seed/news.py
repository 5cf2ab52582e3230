"""News of the demo, and a monthly newsletter that takes it up; nothing goes out until somebody approves an issue."""

from deploy.seed.county import County
from shared.contracts.newsletters import CreateNewsletter, ItemDraft, NewsletterPlan, PublishItem, WriteItem
from shared.messaging.client import RpcClient

SECONDS = 60.0
ITEMS = (
    ItemDraft(
        title="New lamps at the treatment centre",
        summary="You told us that the **car park** is hard to find in the dark. It has new lamps and new signs.",
        topics=("parking",),
    ),
    ItemDraft(
        title="Patient transport: tell us how you travel",
        summary="We are looking at how people get to their appointments. Answers until the end of the month.",
        link="https://example.org/patient-transport",
        topics=("transport",),
    ),
)
DRAFT = ItemDraft(
    title="Self care week",
    summary="Find an event near you.\n\n* Kingsbourne library, Monday\n* Saltham harbour, Thursday",
    topics=("self care",),
)


def add_news(bus: RpcClient, county: County, segment_id: str, segment_name: str) -> None:
    """Two items that are published, one that is not, and the newsletter. Repeatable."""
    plan = NewsletterPlan(
        name="You said, we did",
        subject="You said, we did: {issue_date}",
        body="Dear {name|friend},\n\nthis is what came of what you told us.\n\n{items}\n\nMardenshire health board",
        segment_id=segment_id,
        segment_name=segment_name,
        public=True,
    )
    # The newsletter comes first: what is published after it goes into its first issue.
    created = CreateNewsletter(request_id=f"demo-{county.seed}-monthly", plan=plan, by="demo")
    bus.call(created, timeout=SECONDS)
    for number, draft in enumerate((*ITEMS, DRAFT)):
        written = WriteItem(request_id=f"demo-{county.seed}-news-{number}", draft=draft, by="demo")
        item = bus.call(written, timeout=SECONDS)
        if draft is not DRAFT and item.state == "draft":
            publish = PublishItem(item_id=item.item_id, version=item.version, by="demo")
            bus.call(publish, timeout=SECONDS)
