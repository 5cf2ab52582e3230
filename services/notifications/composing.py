"""From a mailing and one recipient to the message: compiled once for each mailing, filled in for each recipient."""

from collections import OrderedDict
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from services.notifications.content import content_of
from services.notifications.dispatch import Outbound
from services.notifications.domain import Addressee, Chunk
from services.notifications.invitations import LINK, sample_link
from services.notifications.skeleton import Skeleton, mailbox
from services.notifications.tokens import Place, Tokens
from shared.answer_links import answer_url
from shared.contracts.notifications import Mailing
from shared.settings import Settings

KEPT = 8
"""Mailings whose compiled form is kept."""


class Composer:
    """Makes messages. Used by several threads: what is compiled is never changed."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = Tokens(settings.secret)
        self._secret = settings.secret
        self._public_url = settings.public_url
        self._from = settings.mail_sender
        self._sender = settings.mail_sender.partition("<")[0].strip() or "Wellheard"
        self._domain = settings.mail_sender.rpartition("@")[2].strip("> ") or "localhost"
        self._host = urlsplit(settings.public_url).hostname or "localhost"
        self._compiled: OrderedDict[tuple[str, int], Skeleton] = OrderedDict()

    def compose(self, mailing: Mailing, chunk: Chunk, place: int, who: Addressee) -> Outbound:
        """The message of the recipient at `place`."""
        where = Place(mailing.mailing_id, mailing.audience, chunk.number, place)
        headers = [
            ("To", mailbox(who.name, who.address)),
            ("Message-ID", f"<{self._tokens.make('message', where)}@{self._domain}>"),
            ("Date", format_datetime(datetime.now(UTC))),
        ]
        values = {"name": who.name, "first_name": who.name.split(" ")[0]}
        if mailing.draft.survey_id:
            values[LINK] = self._survey_link(mailing.draft.survey_id, who)
        if mailing.lane == "bulk":
            link = values["unsubscribe_url"] = (
                f"{self._public_url}/unsubscribe/{self._tokens.make('unsubscribe', where)}"
            )
            values["view_url"] = f"{self._public_url}/archive/{mailing.mailing_id}"
            headers += [("List-Unsubscribe", f"<{link}>"), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
        content = self._skeleton(mailing).render(headers, values)
        return Outbound(place, f"bounce-{self._tokens.make('bounce', where)}@{self._domain}", who.address, content)

    def _survey_link(self, survey_id: str, who: Addressee) -> str:
        """The recipient's own; a test goes to somebody who has none."""
        if not who.key:
            return sample_link(self._public_url, survey_id)
        return answer_url(self._public_url, self._secret, who.key, datetime.now(UTC))

    def _skeleton(self, mailing: Mailing) -> Skeleton:
        key = (mailing.mailing_id, mailing.audience)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = Skeleton(content_of(mailing, self._sender), self._fixed(mailing))
            while len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        return found

    def _fixed(self, mailing: Mailing) -> dict[str, str]:
        fixed = {"From": self._from}
        if mailing.lane == "urgent":
            return fixed | {"Auto-Submitted": "auto-generated"}
        purpose = mailing.draft.purpose
        return fixed | {
            "List-ID": f"<{purpose}.{self._host}>",
            "Feedback-ID": f"{mailing.mailing_id}:{purpose}:wellheard",
        }
