"""The words that an invitation to a survey and a reminder of it begin with; staff change them as they like."""

import re

from shared.contracts.surveys import SurveySummary

_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|])")
_OWN_LINK = "This link is yours: it takes one response, so please do not pass it on."
_ANONYMOUS = "The survey is anonymous: nobody can connect your answers with you. We see only that your link was used."


def suggested(survey: SurveySummary, is_reminder: bool) -> dict[str, str]:
    """Subject and text for whoever is asked."""
    title = survey.title.replace("{", "(").replace("}", ")")
    name = f"**{_MARKDOWN.sub(_escaped, title)}**"
    if is_reminder:
        subject, asked = "A reminder", f"we have asked for your views: {name}. There is still time to answer."
    else:
        subject, asked = "Have your say", f"we would like to hear from you: {name}."
    about = f"{_OWN_LINK} {_ANONYMOUS}" if survey.anonymous else _OWN_LINK
    body = f"Dear {{name|friend}},\n\n{asked}\n\n[Answer the survey]({{survey_link}})\n\n{about}\n\nThank you.\n"
    return {"subject": f"{subject}: {title}"[:200], "body": body}


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[1]}"
