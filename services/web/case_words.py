"""The words of cases, as pages say them."""

from collections.abc import Mapping
from datetime import date, timedelta

from services.web.words import counted, date_in_words

STATES: Mapping[str, str] = {"open": "Not answered", "answered": "Answered", "closed": "Closed"}
COLOURS: Mapping[str, str] = {"open": "yellow", "answered": "blue", "closed": "green"}
KINDS: Mapping[str, str] = {
    "enquiry": "Enquiries",
    "complaint": "Complaints",
    "question": "Questions",
    "story": "Stories",
    "foi_request": "Freedom of Information requests",
}
LISTS: Mapping[str, str] = {
    "": "Everything open",
    "overdue": "Overdue",
    "week": "Due within a week",
    "unanswered": "Not answered",
    "answered": "Answered, not closed",
    "follow_up": "Notes that are due",
    "unowned": "Nobody’s yet",
    "closed": "Closed",
}
EMPTY: Mapping[str, str] = {
    "": "Nothing is open.",
    "overdue": "Nothing is overdue.",
    "week": "Nothing is due within a week.",
    "unanswered": "Everybody has been answered.",
    "answered": "Nothing waits to be closed.",
    "follow_up": "No note is due.",
    "unowned": "Everything has somebody who sees to it.",
    "closed": "Nothing has been closed yet.",
}
HOW: Mapping[str, str] = {
    "letter": "By letter",
    "phone": "By telephone",
    "in_person": "In person",
    "email": "By e-mail, from another program",
    "website": "On our website",
    "other": "In another way",
}
ANSWERED: Mapping[str, str] = {**HOW, "email": "By e-mail"}
RESULTS: Mapping[str, str] = {"we_did": "We did something", "nothing_changed": "Nothing was changed"}
OUTCOMES: Mapping[str, str] = {"we_did": "What we did", "nothing_changed": "Why nothing was changed"}
DELIVERIES: Mapping[str, str] = {
    "waiting": "The message is on its way.",
    "sent": "The message was sent.",
    "bounced": "The message came back: answer in another way.",
    "suppressed": "The message was not sent: answer in another way.",
    "failed": "The message could not be delivered: answer in another way.",
    "uncertain": "The message may not have arrived: the mail server did not say.",
    "unknown": "What became of the message cannot be told just now.",
}
DONE: Mapping[str, str] = {
    "opened": "It has been taken on.",
    "assigned": "It has been given on.",
    "answered": "The answer has been noted.",
    "sent": "The answer has been noted, and is on its way.",
    "again": "They were told this before: it has been noted, and nothing is sent again.",
    "closed": "It is closed.",
    "reopened": "It is open again.",
    "noted": "The note has been added.",
    "ended": "The note is done with.",
}


def due(day: date, today: date) -> str:
    """`overdue by 3 days`, `due today`, `due tomorrow`, `due 3 May 2024`"""
    late = (today - day).days
    if late > 0:
        return f"overdue by {counted(late, 'day')}"
    if day == today:
        return "due today"
    return "due tomorrow" if day == today + timedelta(days=1) else f"due {date_in_words(day)}"
