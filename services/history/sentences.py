"""The sentences of the timeline: what an event says, in words a person reads, without adding a fact."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from shared.contracts.consent import Consent
from shared.contracts.consultations import ConsultationClosed, ConsultationOpened, OutcomePublished
from shared.contracts.contacts import Contact, FieldChange
from shared.contracts.events import WEBSITE, Engagement, Participant
from shared.contracts.relationships import Relationship

STAFF = "staff"

# What each kind is called, and how the people stand to it when the direction is not known.
_KINDS = {
    "conversation": ("a conversation", "with"),
    "meeting": ("a meeting", "with"),
    "call": ("a phone call", "with"),
    "email": ("an email", "with"),
    "letter": ("a letter", "with"),
    "visit": ("a visit", "with"),
    "social_media": ("a social media exchange", "with"),
    "enquiry": ("an enquiry", "from"),
    "complaint": ("a complaint", "from"),
    "compliment": ("a compliment", "from"),
    "story": ("a story", "from"),
    "question": ("a question", "from"),
    "petition": ("a petition", "from"),
    "foi_request": ("a freedom of information request", "from"),
    "attendance": ("an attendance", "of"),
    "survey_response": ("a survey response", "from"),
    "other": ("an engagement", "with"),
}
_MUTUAL = {"conversation", "meeting", "attendance", "other"}  # nobody has "a meeting from" somebody
_DIRECTIONS = {"inbound": "from", "outbound": "to"}

_CHANNELS = {
    "phone": "by phone",
    "telephone": "by phone",
    "email": "by email",
    "post": "by post",
    "letter": "by letter",
    "sms": "by text message",
    "text": "by text message",
    "video": "by video call",
    "in_person": "in person",
    "face_to_face": "in person",
    "online": "online",
    "website": "through the website",
    "web": "through the website",
    "social_media": "on social media",
    "media": "in the media",
    "newspaper": "in a newspaper",
}
# A channel that the kind has said already is not said twice.
_SAID_BY_KIND = {"call": "by phone", "email": "by email", "letter": "by letter", "social_media": "on social media"}

_FIELDS = {
    "name": "name",
    "kind": "kind",
    "locality": "locality",
    "practice": "practice",
    "postcode": "postcode",
    "groups": "groups",
    "reported_by": "reporting partners",
}


_PURPOSES = {
    "newsletter": "the newsletter",
    "consultation": "invitations to consultations",
    "survey": "surveys",
    "membership": "messages about membership",
    "*": "any message",
}
_CONSENT_CHANNELS = {
    "email": "by e-mail",
    "sms": "by text message",
    "phone": "by telephone",
    "post": "by post",
    "*": "over any channel",
}
_METHODS = {
    "web_form": "on a web form",
    "paper_form": "on a paper form",
    "phone_call": "in a telephone call",
    "in_person": "in person",
    "import": "as an imported list says",
    "preference_page": "on the preference page",
    "one_click": "with one click in a message",
    "double_opt_in": "on the public page, confirmed by e-mail",
    "bounce": "because messages came back",
    "other": "in another way",
}


def engagement_sentence(engagement: Engagement) -> str:
    """`St Agnes Hospital reported a complaint from Ann Lee by phone: Waiting for an appointment`"""
    noun, preposition = _KINDS.get(engagement.kind, (f"an event of kind {engagement.kind}", "with"))
    if engagement.direction and engagement.kind not in _MUTUAL:
        preposition = _DIRECTIONS[engagement.direction]
    people = people_phrase(engagement.participants)
    if engagement.partner == WEBSITE:
        who = f" from {people}" if people else ""
        return f"{noun[:1].upper()}{noun[1:]}{who} came through our website: {engagement.title}"
    parts = [
        f"{engagement.partner} reported" if engagement.partner else "Staff logged",
        noun,
        f"{preposition} {people}" if people else "",
        _channel_phrase(engagement.kind, engagement.channel),
    ]
    return f"{' '.join(part for part in parts if part)}: {engagement.title}"


def people_phrase(participants: Sequence[Participant]) -> str:
    """`Ann Lee, Healthwatch and 3 others`; two names at most, those without a name are only counted."""
    names = list(dict.fromkeys(each.name for each in participants if each.name))
    shown = names[:2]
    others = len(names) - len(shown) + sum(1 for each in participants if not each.name)
    if not shown:
        return {0: "", 1: "one person"}.get(others, f"{others} people")
    if others:
        shown.append("1 other" if others == 1 else f"{others} others")
    return _listed(shown)


def registration_sentence(contact: Contact, by: str, through: str = "") -> str:
    """`St Agnes Hospital added Ann Lee to the contacts.`"""
    if through:
        return f"{contact.name} was added to the contacts by an import ({through})."
    return f"{'Staff' if by == STAFF else by} added {contact.name} to the contacts."


def change_sentence(contact: Contact, changes: Sequence[FieldChange], by: str, through: str = "") -> str:
    """`Staff changed Ann Lee: name from “Ann Leigh” to “Ann Lee”.` Addresses and numbers are not repeated."""
    what = _listed(_change_phrase(change) for change in changes) or "what is known"
    who = f"An import ({through})" if through else "Staff" if by == STAFF else by
    return f"{who} changed {contact.name}: {what}."


def withdrawal_sentence(contact: Contact, through: str) -> str:
    return f"{contact.name} was added by an import that has been taken back ({through})."


def consent_sentence(consent: Consent, name: str) -> str:
    """`Ann Lee allowed the newsletter by e-mail, on a paper form.`"""
    what = f"{_PURPOSES[consent.purpose]} {_CONSENT_CHANNELS[consent.channel]}"
    verb = "allowed" if consent.given else "no longer allows"
    return f"{name} {verb} {what}, {_METHODS[consent.method]}."


def merge_sentence(survivor: str, other: str, is_merge: bool) -> str:
    """`Bea Ng and Beatrice Ng turned out to be the same contact and were merged.`"""
    if is_merge:
        return f"{survivor} and {other} turned out to be the same contact and were merged."
    return f"{survivor} and {other} are two contacts again: the merge was undone."


def relationship_sentence(relationship: Relationship) -> str:
    """`Chair, since 1 March 2024.`; `Noted by mistake: Chair.`"""
    role = relationship.role or "A role"
    if relationship.removed:
        return f"Noted by mistake: {role}."
    days = (("since", relationship.since), ("until", relationship.until))
    return f"{', '.join([role, *(f'{word} {day_phrase(at)}' for word, at in days if at)])}."


def segment_sentence(segments: Sequence[str], entered: bool, cause: str) -> str:
    """`Came into the segments “Carers” and “Northern panel”. Because: consent given: newsletter by email.`"""
    named = _listed(f"“{each}”" for each in segments)
    noun = "segment" if len(segments) == 1 else "segments"
    return f"{'Came into' if entered else 'Went out of'} the {noun} {named}. Because: {cause}."


def case_opened_sentence(kind: str, due: date, owner: str) -> str:
    """`Ann Lee sees to this question. It is to be answered by 3 May 2024.`"""
    who = f"{owner} sees to {_this(kind)}." if owner else f"{_this(kind).capitalize()} is to be seen to."
    return f"{who} It is to be answered by {day_phrase(due)}."


def answered_sentence(kind: str, how: str, to: str) -> str:
    """`This question was answered by email, to Ann Lee.`"""
    phrase = _channel_phrase("", how) if how != "other" else ""
    return f"{_this(kind).capitalize()} was answered{f' {phrase}' if phrase else ''}{f', to {to}' if to else ''}."


def case_closed_sentence(kind: str, is_changed: bool) -> str:
    what = "What we did" if is_changed else "Nothing was changed, and why"
    return f"{_this(kind).capitalize()} is done with. {what} is written down."


def case_reopened_sentence(kind: str, due: date) -> str:
    return f"{_this(kind).capitalize()} was opened again. It is to be answered by {day_phrase(due)}."


def follow_up_sentence(due: date, by: str) -> str:
    return f"{by} noted what is to be done by {day_phrase(due)}."


def unanswered_sentence(kind: str, opened: date) -> str:
    return f"{_this(kind).capitalize()} has not been answered since {day_phrase(opened)}."


def _this(kind: str) -> str:
    return f"this {_KINDS[kind][0].partition(' ')[2]}"


def day_phrase(day: date) -> str:
    """`3 May 2024`"""
    return f"{day.day} {day:%B %Y}"


def survey_sentence(title: str, is_open: bool) -> str:
    """`The survey “Getting here” was opened.`"""
    return f"The survey “{title}” was {'opened' if is_open else 'closed'}."


def consultation_sentence(event: ConsultationOpened | ConsultationClosed | OutcomePublished) -> str:
    """`The consultation “Urgent care” was opened, until 12 March 2014.`"""
    if isinstance(event, ConsultationClosed):
        return f"The consultation “{event.title}” was closed."
    if isinstance(event, OutcomePublished):
        return f"What came of the consultation “{event.title}” was published."
    last = event.closes_on
    return f"The consultation “{event.title}” was opened{f', until {day_phrase(last)}' if last else ''}."


def marked_sentence(title: str, answered: bool) -> str:
    """`What was said in the consultation “Urgent care” was answered.`"""
    return f"What was said in the consultation “{title}” was {'answered' if answered else 'not answered after all'}."


def response_sentence(title: str, channel: str) -> str:
    """`Answered the survey “Getting here” on paper.`"""
    return f"Answered the survey “{title}”{' on paper' if channel == 'paper' else ''}."


def _change_phrase(change: FieldChange) -> str:
    if change.field not in _FIELDS:
        return "how to reach them" if change.field == "identifiers" else change.field.replace("_", " ")
    field = _FIELDS[change.field]
    if change.before and change.after:
        return f"{field} from “{change.before}” to “{change.after}”"
    return f"{field} set to “{change.after}”" if change.after else f"{field} removed (was “{change.before}”)"


@lru_cache(1_000)
def _channel_phrase(kind: str, channel: str | None) -> str:
    if not channel:
        return ""
    known = _CHANNELS.get(channel.strip().lower().replace(" ", "_").replace("-", "_"))
    phrase = known or f"through {channel.replace('_', ' ')}"
    return "" if phrase == _SAID_BY_KIND.get(kind) else phrase


def _listed(phrases: Iterable[str]) -> str:
    """`a, b and c`"""
    *head, last = list(phrases) or [""]
    return f"{', '.join(head)} and {last}" if head else last
