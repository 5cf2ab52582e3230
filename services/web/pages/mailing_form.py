"""The form of a mailing: what it begins with, what may be chosen in it, and what was typed."""

from typing import Any

from starlette.datastructures import FormData, QueryParams

from services.web.invitation_words import suggested
from services.web.pages.forms import Form, as_sent, number, text
from services.web.words import day
from shared.contracts.invitations import GetMailingForm, MailingForm
from shared.contracts.notifications import MailingDraft

FIELDS = ("subject", "body", "purpose", "segment_id", "public", "survey_id", "unanswered_only", "reminder_of")
HIDDEN = ("template_id", "survey_title")
SENTENCES = {
    "subject": "Enter a subject of up to 200 characters",
    "body": "Enter the text of the message, up to 100,000 characters",
    "segment_id": "Choose the segment it goes to",
    "purpose": "Choose what the mailing is for",
}
NO_SEGMENTS = "Segments cannot be listed just now. What you typed is kept: try again in a minute."
NOT_TO_BE_ASKED = "This survey is closed, or there is none like it: nobody can be invited to it. Choose another."
NOTHING = MailingForm(segments=(), surveys=())


def asked(wanted: QueryParams) -> GetMailingForm:
    """What has to be known to begin one."""
    return GetMailingForm(template_id=wanted.get("template", ""), survey_id=wanted.get("survey", ""))


def begin(form: Form, wanted: QueryParams, choices: MailingForm) -> None:
    """Fill in what a template or a survey suggests."""
    if choices.template is not None:
        said = choices.template.text
        form.values |= {"subject": said.subject, "body": said.body}
        form.values |= {"template_id": choices.template.template_id, "template_version": choices.template.version}
    survey_id, of = wanted.get("survey", ""), wanted.get("of", "")
    if not survey_id or choices.surveys is None:
        return
    survey = next((each for each in choices.surveys if each.survey_id == survey_id), None)
    if survey is None:
        form.fault, form.status = NOT_TO_BE_ASKED, 409
        return
    is_reminder = bool(wanted.get("remind", "") or of)
    form.values |= suggested(survey, is_reminder) if choices.template is None else {}
    form.values |= {"survey_id": survey_id, "purpose": "survey", "unanswered_only": is_reminder}
    if is_reminder and (before := next((e for e in choices.invitations if of in ("", e.mailing_id)), None)):
        draft = before.draft
        form.values |= {"segment_id": draft.segment_id, "purpose": draft.purpose, "reminder_of": before.mailing_id}


def of_mailing(choices: MailingForm) -> Form:
    """As it stands."""
    assert choices.mailing is not None
    return Form(choices.mailing.draft.model_dump() | {"version": choices.mailing.version})


def typed(sent: FormData) -> Form:
    """As it was sent."""
    numbers = {name: number(sent, name) for name in ("version", "template_version")}
    return as_sent(sent, {name: text(sent, name) for name in (*FIELDS, *HIDDEN)} | numbers)


def look(form: Form, choices: MailingForm) -> None:
    """Say so when something cannot be chosen."""
    if choices.segments is None and not form.fault:
        form.fault, form.status = NO_SEGMENTS, 503


def read(form: Form, choices: MailingForm) -> MailingDraft | None:
    """What was typed, with the names that its segment and its survey have now; None when the form says why not."""
    if form.fault:
        return None
    values = {name: form.values[name] for name in (*FIELDS, *HIDDEN, "template_version")}
    values |= {name: bool(values[name]) for name in ("public", "unanswered_only")}
    segments = {each.segment_id: each.name for each in choices.segments or ()}
    if values["segment_id"] not in segments:  # put away while somebody wrote
        values["segment_id"] = ""
    values["segment_name"] = segments.get(values["segment_id"], "")
    if values["survey_id"]:
        titles = {each.survey_id: each.title for each in choices.surveys or ()}
        values["survey_title"] = titles.get(values["survey_id"], values["survey_title"])
    else:
        values["survey_title"] = values["reminder_of"] = ""
    if values["reminder_of"] not in {each.mailing_id for each in choices.invitations}:  # of another survey
        values["reminder_of"] = ""
    draft: MailingDraft | None = form.check(MailingDraft, values, SENTENCES)
    return draft


def shown(form: Form, choices: MailingForm) -> dict[str, Any]:
    """What the page needs of the choices."""
    values = form.values
    surveys = {
        each.survey_id: f"{each.title}{'' if each.state == 'open' else ' (not open yet)'}"
        for each in choices.surveys or ()
    }
    if values.get("survey_id"):  # one that is closed by now, or nobody can say
        surveys.setdefault(values["survey_id"], values.get("survey_title") or "The survey that was chosen")
    sent = {
        each.mailing_id: f"Only who was sent “{each.draft.subject}” on {day(each.frozen_at)}"
        for each in choices.invitations
        if each.frozen_at
    }
    return {"segments": choices.segments or (), "surveys": surveys, "invitations": sent}
