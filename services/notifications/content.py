"""What a mailing says, from Markdown to HTML and plain text."""

import html

from services.notifications.skeleton import Content
from shared.contracts.notifications import Mailing


def content_of(mailing: Mailing) -> Content:
    """The content of a mailing, with merge fields."""
    draft = mailing.draft
    paragraphs = "".join(f"<p>{html.escape(each)}</p>\n" for each in draft.body.split("\n\n"))
    text = draft.body
    if mailing.lane == "bulk":
        paragraphs += '<p><a href="{unsubscribe_url}">Unsubscribe</a></p>\n'
        text += "\n\n--\nUnsubscribe: {unsubscribe_url}\n"
    return Content(draft.subject, f"<!doctype html><html><body>\n{paragraphs}</body></html>\n", text)
