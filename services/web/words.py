"""How things are said to people: labels for codes, dates in Europe/London, and the markup of a snippet."""

import html
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from services.web import consultation_words, entry_words
from shared.contracts.contacts import Reference
from shared.contracts.relationships import Dated

NAVIGATION = (
    ("/search", "Search", "history:read"),
    ("/contacts", "Contacts", "history:read"),
    ("/cases", "Cases", "cases:read"),
    ("/calendar", "Calendar", "meetings:read"),
    ("/segments", "Segments", "segments:read"),
    ("/consultations/desk", "Consultations", "consultations:read"),
    ("/surveys", "Surveys", "surveys:read"),
    ("/mailings", "Mailings", "mailings:read"),
    ("/engagements/new", "Log an engagement", "engagements:write"),
    ("/quarantine", "Quarantine", "quarantine:write"),
    ("/erasures", "Erasure", "contacts:erase"),
    ("/accounts", "Accounts", "accounts:write"),
)
"""Address, words and permission of what stands at the head of each page."""
LONDON = ZoneInfo("Europe/London")

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "conversation": "Conversation",
        "meeting": "Meeting",
        "call": "Telephone call",
        "email": "E-mail",
        "letter": "Letter",
        "visit": "Visit",
        "social_media": "Social media",
        "enquiry": "Enquiry",
        "complaint": "Complaint",
        "compliment": "Compliment",
        "story": "Story",
        "question": "Question",
        "petition": "Petition",
        "foi_request": "Freedom of Information request",
        "attendance": "Attendance",
        "survey_response": "Survey response",
        "other": "Something else",
    }
)
CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "contact_registered": "Became known",
        "contact_changed": "Details changed",
        "contact_withdrawn": "Taken back",
        "consent_given": "Consent given",
        "consent_withdrawn": "Consent withdrawn",
        "segments_entered": "Came into segments",
        "segments_left": "Went out of segments",
        "relationship_changed": "Role",
        "contacts_merged": "Contacts merged",
        "contacts_unmerged": "Merge undone",
        "message_sent": "Message sent",
        "message_failed": "Message not delivered",
        "message_bounced": "Message came back",
        "message_junked": "Marked as junk",
        "mailing_finished": "Mailing",
        "survey_opened": "Survey opened",
        "survey_closed": "Survey closed",
        "response_received": "Survey answered",
    }
    | consultation_words.KINDS
    | entry_words.KINDS
)
"""Kinds of entries that nobody said: what became of a contact with us."""
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "events": "What was said",
        "cases": "Answers and what came of them",
        "contacts": "Contacts and consent",
        "notifications": "Messages",
        "surveys": "Surveys",
        "meetings": "Planned meetings",
    }
)
"""What the entries of each service tell of."""
SAID = ("events", "cases")
PURPOSES: Mapping[str, str] = MappingProxyType(
    {"newsletter": "Newsletter", "consultation": "Consultations", "survey": "Surveys", "membership": "Membership"}
)
CONSENT_CHANNELS: Mapping[str, str] = MappingProxyType(
    {"email": "E-mail", "sms": "Text message", "phone": "Telephone", "post": "Post"}
)
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "web_form": "Web form",
        "paper_form": "Paper form",
        "phone_call": "Telephone call",
        "in_person": "In person",
        "import": "Imported list",
        "preference_page": "Preference page",
        "one_click": "One click in a message",
        "double_opt_in": "Asked for on the public page, and confirmed by e-mail",
        "bounce": "Messages came back",
        "other": "Another way",
    }
)
ICONS: Mapping[str, str] = MappingProxyType(
    {
        "contact_registered": "person",
        "contact_changed": "pencil",
        "contact_withdrawn": "leave",
        "consent_given": "tick",
        "consent_withdrawn": "stop",
        "segments_entered": "enter",
        "segments_left": "leave",
        "relationship_changed": "link",
        "contacts_merged": "merge",
        "contacts_unmerged": "split",
        "message_sent": "envelope",
        "message_failed": "stop",
        "message_bounced": "return",
        "message_junked": "flag",
        "mailing_finished": "envelope",
        "survey_opened": "form",
        "survey_closed": "form",
        "response_received": "form",
    }
    | consultation_words.ICONS
    | entry_words.ICONS
)
"""The picture of each kind of entry, a symbol of static/icons.svg; kinds without one get `speech`."""
SENTIMENTS = MappingProxyType({"positive": "Positive", "neutral": "Neutral", "negative": "Negative", "mixed": "Mixed"})
DIRECTIONS = MappingProxyType({"inbound": "They came to us", "outbound": "We went to them"})
STATES = MappingProxyType({"open": "Waiting for a decision", "replayed": "Recorded", "discarded": "Discarded"})
SYSTEM_STATES = MappingProxyType(
    {
        "ok": "Works",
        "running": "At work",
        "no answer": "No answer",
        "no consumer": "Nobody consumes it",
        "missing": "Does not exist",
        "unknown": "Not known",
        "waiting": "Waits",
        "paused": "Paused",
        "green": "Works",
        "yellow": "A copy is missing",
        "red": "A part cannot be searched",
        "away": "No answer",
    }
)
STATE_COLOURS = MappingProxyType(
    {"ok": "green", "running": "green", "no answer": "red", "no consumer": "red", "missing": "red", "paused": "red"}
    | {"green": "green", "red": "red", "away": "red"}
)
CHANNELS = (
    "face to face", "phone", "email", "letter", "card", "meeting", "event", "street stall", "patient discussions",
    "website", "social media", "newspaper", "media", "stakeholder newsletter", "practice newsletter", "paper form",
)  # fmt: skip
TECHNIQUES = (
    "publications", "exhibitions", "local media", "website", "social media",
    "questionnaires", "patient diaries", "focus groups", "patient groups", "public meetings", "health panel",
    "citizens' panels", "open surgeries", "consultations", "mystery shoppers", "polling", "comment cards", "drop-ins",
    "PALS/complaints", "deliberative events", "service redesign workshops", "patient shadowing", "citizen juries",
    "lay representation", "community development", "open space events", "patient-led engagement",
)  # fmt: skip
"""The 27 techniques of the spectrum of engagement: information, feedback, participation, partnership."""
_LABELS: Mapping[str, str] = MappingProxyType(dict(KINDS) | dict(CHANGES))


def options(names: Iterable[str]) -> dict[str, str]:
    """Choices that are stored as they are said."""
    return {name: label(name) for name in names}


def place_names(reference: Reference) -> dict[str, str]:
    """Localities by code."""
    return {each.code: each.name for each in reference.localities}


def label(code: str | None) -> str:
    """The words for a code of ours; a code of somebody else's with its underscores as spaces."""
    if not code:
        return ""
    return _LABELS.get(code) or (code[:1].upper() + code[1:]).replace("_", " ")


def local(moment: datetime) -> datetime:
    return moment.astimezone(LONDON)


def day(moment: datetime) -> str:
    """12 March 2014"""
    return date_in_words(local(moment).date())


def date_in_words(of: date) -> str:
    """12 March 2014"""
    return f"{of.day} {of:%B %Y}"


def lasting(dated: Dated) -> str:
    """`since 12 March 2014`, `until 12 March 2014`, `12 March 2014 to 1 May 2014`; empty when no day is known."""
    if dated.since and dated.until:
        return f"{date_in_words(dated.since)} to {date_in_words(dated.until)}"
    days = (("since", dated.since), ("until", dated.until))
    return next((f"{word} {date_in_words(at)}" for word, at in days if at), "")


def day_and_time(moment: datetime) -> str:
    """12 March 2014, 3:40pm"""
    at = local(moment)
    return f"{day(moment)}, {at.hour % 12 or 12}:{at:%M}{'am' if at.hour < 12 else 'pm'}"


def time_of_day(moment: datetime) -> str:
    """3:40:05pm"""
    at = local(moment)
    return f"{at.hour % 12 or 12}:{at:%M:%S}{'am' if at.hour < 12 else 'pm'}"


def with_commands(sentence: str) -> Markup:
    """A sentence of ours whose commands stand in `backticks`."""
    parts = sentence.split("`")
    return Markup("").join(
        Markup("<code>{}</code>" if number % 2 else "{}").format(part) for number, part in enumerate(parts)
    )


def month(moment: datetime) -> str:
    """March 2014"""
    return f"{local(moment):%B %Y}"


def month_name(code: str) -> str:
    """`2014-03` as March 2014; what is not a month (a year) stays as it is."""
    try:
        return f"{datetime.strptime(code, '%Y-%m').replace(tzinfo=UTC):%B %Y}"
    except ValueError:
        return code


def counted(number: int, one: str, many: str = "") -> str:
    """1,204 entries, 1 entry"""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def marked(snippet: str) -> Markup:
    """A snippet with its `<mark>`s. Everything else is escaped again: it is text of strangers."""
    parts = re.split(r"(</?mark>)", snippet)
    opened, shown = 0, []
    for part in parts:
        if part == "<mark>":
            opened += 1
        elif part == "</mark>":
            if not opened:
                continue
            opened -= 1
        else:
            part = str(escape(html.unescape(part)))
        shown.append(part)
    return Markup("".join(shown) + "</mark>" * opened)


def paragraphs(text: str) -> Markup:
    """Text of strangers as paragraphs, each with its own direction of writing."""
    blocks = [block for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()) if block]
    return Markup("").join(
        Markup('<p dir="auto">{}</p>').format(Markup("<br>").join(block.split("\n"))) for block in blocks
    )


MAILING_STATES = {
    "draft": "Draft",
    "scheduled": "Scheduled",
    "sending": "Being sent",
    "paused": "Paused",
    "sent": "Sent",
    "cancelled": "Cancelled",
}
MAILING_COLOURS = {"draft": "grey", "scheduled": "blue", "sending": "blue", "paused": "yellow", "sent": "green"}
SCOPES = {
    "events:write": "Post events, and read what became of them",
    "history:read": "Read the history that it reported itself",
    "contacts:read": "Read the contacts that it reported itself",
    "history:all": "Read all of the history that is not restricted",
    "contacts:all": "Read all contacts",
    "system:read": "Read how the system is",
    "mail:bounces": "Report messages that came back (a mail server)",
}
"""What a key may do with each scope."""
