"""What a mailing says: Markdown in an MJML layout, and the same as plain text. Compiled once for each mailing.

Markdown's own HTML is off and what comes of it is sanitised: a mailing holds no script, no form and no picture that
tells somebody who has opened it.
"""

import html
import re

import nh3
from markdown_it import MarkdownIt
from mjml import mjml2html

from services.notifications.skeleton import Content
from shared.contracts.notifications import Mailing, MailingDraft
from shared.errors import Invalid

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
_TAGS = set(
    "p br h1 h2 h3 h4 ul ol li strong em a blockquote code pre hr table thead tbody tr th td".split()  # noqa: SIM905
)
_IN_LINK = re.compile(r"%7B([a-z_]+)%7D", re.IGNORECASE)
_LINK = re.compile(r"\[([^\]\n]*)\]\(([^)\s]*)\)")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|])")
_MARKS = re.compile(r"(?m)^#{1,6}\s+|\*\*|(?<!\w)__|__(?!\w)")
# A font family of its own: without one the layout asks a stranger's server for fonts.
_LAYOUT = """<mjml><mj-head><mj-title>{title}</mj-title><mj-attributes>
<mj-all font-family="Arial, Helvetica, sans-serif"/><mj-text font-size="17px" line-height="1.5" color="#1d2b30"/>
</mj-attributes></mj-head><mj-body background-color="#f3f5f5">
<mj-section background-color="#143f4a"><mj-column>
<mj-text color="#ffffff" font-size="20px"><strong>{sender}</strong></mj-text></mj-column></mj-section>
<mj-section background-color="#ffffff"><mj-column><mj-text>{body}</mj-text></mj-column></mj-section>
{footer}</mj-body></mjml>"""
_FOOTER = """<mj-section><mj-column><mj-text font-size="14px">{why}{view}
<a href="{{unsubscribe_url}}" style="color:#143f4a">Unsubscribe or change what we may send</a>
</mj-text></mj-column></mj-section>"""
_VIEW = '<br/><a href="{view_url}" style="color:#143f4a">Read this in a browser</a><br/>'
_WHY = {
    "newsletter": "You get this because you asked for our newsletter.",
    "consultation": "You get this because you asked to hear of consultations.",
    "survey": "You get this because you agreed to answer surveys.",
    "membership": "You get this because you are a member.",
}


def content_of(mailing: Mailing, sender: str = "Wellheard") -> Content:
    """The content of a mailing, with merge fields."""
    return compile_content(mailing.draft, sender, is_notice=mailing.lane == "urgent")


def compile_content(draft: MailingDraft, sender: str = "Wellheard", is_notice: bool = False) -> Content:
    """HTML and text of a draft. Raises Invalid when the layout cannot take it."""
    why = _WHY[draft.purpose]
    layout = _LAYOUT.format(
        title=html.escape(draft.subject),
        sender=html.escape(sender),
        body=body_html(draft.body),
        footer="" if is_notice else _FOOTER.format(why=why, view=_VIEW if draft.public else ""),
    )
    try:
        page = mjml2html(layout)
    except ValueError as error:
        raise Invalid("The text cannot be laid out. Take out what looks like HTML.") from error
    view = "Read this in a browser: {view_url}\n" if draft.public else ""
    ending = "" if is_notice else f"\n\n-- \n{why}\n{view}Unsubscribe or change what we may send: {{unsubscribe_url}}\n"
    return Content(draft.subject, page, _text(draft.body) + ending)


def body_html(markdown: str) -> str:
    """The text of a mailing as sanitised HTML, with merge fields."""
    made = _IN_LINK.sub(lambda found: "{" + found[1].lower() + "}", _MARKDOWN.render(markdown))
    return nh3.clean(made, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto", "tel"})


def _text(markdown: str) -> str:
    """Markdown is made to be read as it is; only links are turned round and marks taken out, but not of addresses."""
    said, end = list[str](), 0
    for found in _LINK.finditer(markdown):
        said += [_plain(markdown[end : found.start()]), f"{_plain(found[1])} <{found[2]}>"]
        end = found.end()
    return "".join([*said, _plain(markdown[end:])]).strip()


def _plain(markdown: str) -> str:
    return _ESCAPED.sub(r"\1", _MARKS.sub("", markdown))
