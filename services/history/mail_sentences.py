"""The sentences of the timeline about mailings and what became of their messages."""

from collections.abc import Sequence

from shared.contracts.notifications import Counts, Mailing


def sent_sentence(subject: str, people: int, survey: str = "", is_reminder: bool = False) -> str:
    """`“News for June” was sent by email to 500 people.`

    `“Have your say”, an invitation to the survey “Getting here”, was sent by email to 500 people.`
    """
    what = "a reminder of" if is_reminder else "an invitation to"
    about = f", {what} the survey “{survey}”," if survey else ""
    return f"“{subject}”{about} was sent by email to {_people(people)}."


def undelivered_sentence(subject: str, states: Sequence[str]) -> str:
    """`“News for June” could not be delivered to 2 people, and may not have reached one person.`"""
    lost, doubtful = sum(each != "uncertain" for each in states), sum(each == "uncertain" for each in states)
    phrases = [
        *([f"could not be delivered to {_people(lost)}"] if lost else []),
        *([f"may not have reached {_people(doubtful)}"] if doubtful else []),
    ]
    return f"“{subject}” {', and '.join(phrases)}."


def bounced_sentence(subject: str, status: str, is_for_good: bool) -> str:
    """`“News for June” came back (5.1.1). Nothing more is sent to this address.`"""
    how = "came back" if is_for_good else "could not be delivered for now, as others before it"
    return f"“{subject}” {how}{f' ({status})' if status else ''}. Nothing more is sent to this address."


def junked_sentence(subject: str) -> str:
    return f"“{subject}” was marked as junk by its reader. Nothing more is sent to this address."


def mailing_sentence(mailing: Mailing, counts: Counts) -> str:
    """`The mailing “News for June” was sent to 300 of 312 people.`

    `The reminder “Still time” of the survey “Getting here” was sent to 300 people.`
    """
    sent, recipients = counts.get("sent", 0), mailing.recipients or 0
    how = "was cancelled after it was sent to" if mailing.state == "cancelled" else "was sent to"
    whom = _people(sent) if sent == recipients else f"{sent:,} of {_people(recipients)}"
    draft, what, about = mailing.draft, "mailing", ""
    if draft.survey_title:
        what = "reminder" if draft.unanswered_only else "invitation"
        about = f" {'of' if draft.unanswered_only else 'to'} the survey “{draft.survey_title}”"
    return f"The {what} “{draft.subject}”{about} {how} {whom}."


def _people(number: int) -> str:
    return "one person" if number == 1 else f"{number:,} people"
