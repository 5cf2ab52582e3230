"""How a response to an anonymous survey is taken: once for each link, and connected with nobody.

A link is spent with a mark that only this instance's secret can make, and with a claim of the form that spent it, by
which the form is known again when it is delivered twice. Claim and response id are made in two ways of the form's own
random id, which is kept nowhere: from neither can the other be made.
"""

import hmac
from collections.abc import Iterable, Sequence
from hashlib import sha256

from services.surveys import domain
from services.surveys.anonymous import Anonymous
from shared import failpoints
from shared.contracts.surveys import SentResponse


class Anonymity:
    """Takes responses to anonymous surveys. `secret`: the instance's."""

    def __init__(self, store: Anonymous, secret: str) -> None:
        self._store = store
        self._secret = secret.encode()

    def take(self, sent: SentResponse, response: domain.Response, person: Sequence[str] = ()) -> None:
        """Keep it; delivered again, it is the same one. Nothing is told of it.

        person: every contact that is one with whoever the link is of.
        """
        if response.contact_id is not None and response.counts:
            if not self._spend(sent, response.contact_id, person):
                response = domain.refuse_another(response)
            failpoints.reach("surveys.after_spend")
        self._store.insert(domain.anonymise(response))

    def _spend(self, sent: SentResponse, contact_id: str, person: Sequence[str]) -> bool:
        """Whether it is the form that spends the link: of the links of one person only one can be spent.

        A mark of the whole person decides between forms that come at once over several links. The mark of the link
        is set by the form that counts alone, so that when a merge is undone the others have not answered.
        """
        own = self._mark(sent.survey_id, contact_id)
        if len(person) > 1:
            spent = self._store.spent(sent.survey_id, [self._mark(sent.survey_id, each) for each in person])
            if spent and own not in spent:
                return False
            shared = self._mark(sent.survey_id, *person)
            if not spent and not self._store.spend(sent.survey_id, shared, _claim(sent, "person")):
                return False
        return self._store.spend(sent.survey_id, own, _claim(sent, "claim"))

    def enter(self, response: domain.Response) -> bool:
        """A form on paper; False when one of its number was entered before."""
        return self._store.insert(domain.anonymise(response))

    def answered(self, survey_id: str, contact_ids: Iterable[str]) -> list[str]:
        """Those of the contacts whose links are spent, each once."""
        marks = {self._mark(survey_id, each): each for each in contact_ids}
        spent = self._store.spent(survey_id, marks)
        return [contact_id for mark, contact_id in marks.items() if mark in spent]

    def _mark(self, survey_id: str, *contact_ids: str) -> str:
        content = "\0".join(("spent", survey_id, *sorted(contact_ids)))
        return hmac.digest(self._secret, content.encode(), "sha256").hex()


def _claim(sent: SentResponse, what: str) -> str:
    """Another one for each mark: two marks do not tell that one form has set both."""
    return sha256(f"{what}\0{sent.survey_id}\0{sent.request_id}".encode()).hexdigest()
