"""What surrounds a mailing: its preview, a test of it, whom it would reach, and the way out of its kind."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from itertools import islice

from services.notifications import domain, invitations
from services.notifications.audience import members
from services.notifications.content import compile_content
from services.notifications.domain import CHANNEL, Addressee
from services.notifications.inviting import Inviting
from services.notifications.port import Ledger
from services.notifications.repository import Mailings
from services.notifications.skeleton import fields, fill, told_to_all
from services.notifications.tokens import Tokens
from shared.contracts.audiences import AudienceSummary
from shared.contracts.consent import RecordConsents, Statement
from shared.contracts.notifications import Mailing, MailingDraft, Preview
from shared.contracts.preferences import GivePreferenceKeys
from shared.contracts.subscriptions import Subscription
from shared.contracts.surveys import GetForm
from shared.errors import Conflict, Invalid, NotFound, Unavailable
from shared.identifiers import InvalidIdentifierError, compared_email
from shared.messaging import Bus

KNOWN_FIELDS = {"name", "first_name", "unsubscribe_url", "view_url"}
LOOKED_THROUGH = 5
"""Pages of members that a summary looks through."""
WORDING = "Unsubscribe from messages of this kind (link in the message)"


class Desk:
    """Does what takes more than one step; `bus` reaches contacts."""

    def __init__(self, mailings: Mailings, ledger: Ledger, bus: Bus, tokens: Tokens) -> None:
        self._mailings = mailings
        self._ledger = ledger
        self._bus = bus
        self._tokens = tokens

    def notify(self, request_id: str, content: MailingDraft, recipient: Addressee, at: datetime, by: str) -> Mailing:
        """One urgent message. Its audience is stored before the mailing, which a sender takes up when it sees it."""
        mailing = domain.notice(mailing_id_of(request_id), content, at, by)
        rule = recipient.rule or ("suppression_list" if self._mailings.suppressed([recipient.address]) else "")
        audience = [Addressee(recipient.contact_id, recipient.name, recipient.address, None, rule)]
        self._ledger.add_audience(mailing.mailing_id, mailing.audience, 0, audience)
        self._mailings.insert(mailing)
        return self._mailings.find(mailing.mailing_id) or mailing

    def summarise(self, mailing: Mailing) -> AudienceSummary:
        counts: Counter[str] = Counter()
        inviting, can_be_told = Inviting(mailing, self._mailings, self._ledger, self._bus), True
        is_complete = False
        for people, is_last in islice(members(self._bus, self._mailings, mailing.draft), LOOKED_THROUGH):
            is_complete = is_last
            asked = inviting.without_strangers(people)
            answered, can_be_told = inviting.answered(asked)
            counts["not_invited"] += len(people) - len(asked)
            counts.update(each.rule or (invitations.ANSWERED if each.contact_id in answered else "") for each in asked)
        allowed = counts.pop("", 0)
        return AudienceSummary(
            allowed=allowed, kept_back=dict(+counts), is_complete=is_complete, answered_unknown=not can_be_told
        )

    def check_survey(self, draft: MailingDraft, now: bool) -> None:
        """Whether people can be invited: raises Conflict when the survey is not open and it is to be sent now.

        While nobody can say so it is scheduled: its recipients are looked up when surveys is back.
        """
        invitations.check(draft)
        if not draft.survey_id or not now:
            return
        try:
            form = self._bus.call(GetForm(survey_id=draft.survey_id))
        except Unavailable:
            return
        if form.state != "open":
            raise Conflict(invitations.NOT_OPEN.format(title=form.title))

    def subscription(self, token: str) -> Subscription:
        subscription, who = self._read(token)
        return self._with_preferences(subscription, who.contact_id)

    def unsubscribe(self, token: str) -> Subscription:
        """Recorded by contacts, which tells everybody; the same token again is the same request."""
        subscription, who = self._read(token)
        statement = Statement(
            contact_id=who.contact_id,
            purpose=subscription.purpose,
            channel=CHANNEL,
            given=False,
            method="one_click",
            wording=WORDING,
        )
        request_id = f"unsubscribe-{sha256(token.lower().encode()).hexdigest()[:32]}"
        self._bus.call(RecordConsents(request_id=request_id, statements=(statement,), by=who.contact_id))
        return self._with_preferences(subscription, who.contact_id)

    def _with_preferences(self, subscription: Subscription, contact_id: str) -> Subscription:
        try:
            keys = self._bus.call(GivePreferenceKeys(contact_ids=(contact_id,))).keys
        except Unavailable:  # the way out is there without it
            return subscription
        return subscription.model_copy(update={"preference_key": keys.get(contact_id)})

    def _read(self, token: str) -> tuple[Subscription, Addressee]:
        place = self._tokens.read("unsubscribe", token)
        mailing = self._mailings.find(place.mailing_id) if place else None
        who = self._ledger.find_recipient(*place) if place else None
        if mailing is None or who is None or mailing.lane == "urgent":
            raise NotFound("This link is not one of ours, or it was cut short. Copy the whole link from the message.")
        return Subscription(purpose=mailing.draft.purpose, subject=told_to_all(mailing.draft.subject)), who


def preview_of(
    draft: MailingDraft, name: str, is_notice: bool = False, filled: Collection[str] = (), public_url: str = ""
) -> Preview:
    """What a message looks like to somebody of this name; `filled`: fields that a rule or an invitation fills in."""
    content = compile_content(draft, is_notice=is_notice)
    values = {"name": name, "first_name": name.split(" ")[0], "unsubscribe_url": "#", "view_url": "#"}
    if draft.survey_id:
        values[invitations.LINK] = invitations.sample_link(public_url, draft.survey_id)
    used = fields(content.subject) | fields(draft.body)
    return Preview(
        subject=fill(content.subject, values),
        html=fill(content.html, values, _escaped),
        text=fill(content.text, values),
        fields=tuple(sorted(used - KNOWN_FIELDS - {*filled, *values})),
    )


def mailing_id_of(request_id: str) -> str:
    """The same request is the same mailing."""
    return f"mlg_{sha256(request_id.encode()).hexdigest()[:32]}"


def compared_address(address: str) -> str:
    """Invalid with a sentence when it is none."""
    try:
        return compared_email(address)
    except InvalidIdentifierError as error:
        raise Invalid(f"The e-mail address {error}.") from None


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
