"""How consultations are said to people."""

from collections.abc import Mapping

KINDS = {
    "consultation_opened": "Consultation opened",
    "consultation_closed": "Consultation closed",
    "outcome_published": "Outcome published",
    "contribution_answered": "Contribution answered",
    "contribution_unanswered": "Contribution not answered",
}
ICONS = {
    "consultation_opened": "megaphone",
    "consultation_closed": "megaphone",
    "outcome_published": "megaphone",
    "contribution_answered": "return",
    "contribution_unanswered": "stop",
}
STATES: Mapping[str, str] = {"draft": "Draft", "open": "Open", "closed": "Closed", "published": "Outcome published"}
COLOURS: Mapping[str, str] = {"draft": "grey", "open": "green", "closed": "blue", "published": "purple"}
PUBLIC_STATES: Mapping[str, str] = {
    "draft": "Not open yet",
    "open": "Open",
    "closed": "Closed",
    "published": "What came of it",
}
MISSING: Mapping[str, str] = {"nobody": "Nobody heard", "few": "Few heard"}
PRINCIPLES: Mapping[str, str] = {
    "formative": "Something can still be changed",
    "information": "There is enough to read",
    "time": "There is enough time",
}
"""The Gunning principles that can be kept before a consultation opens."""
_CHANNELS: Mapping[str, str] = {
    "survey": "Answers to a survey",
    "paper": "Answers on paper",
    "email": "E-mail",
    "phone": "Telephone",
    "": "Other ways",
}


def channel(code: str) -> str:
    """The way in which people took part, as the public page says it."""
    return _CHANNELS.get(code) or code[:1].upper() + code[1:]
