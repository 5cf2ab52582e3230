"""How a response to an anonymous survey is taken: once for each link, and connected with nobody.

A link is spent with a mark that only this instance's secret can make, and with a claim of the form that spent it, by
which the form is known again when it is delivered twice. Claim and response id are made in two ways of the form's own
random id, which is kept nowhere: from neither can the other be made.
"""

import hmac
from collections.abc import Iterable
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

    def take(self, sent: SentResponse, response: domain.Response) -> None:
        """Keep it; delivered again, it is the same one. Nothing is told of it."""
        if response.contact_id is not None and response.counts:
            mark = self._mark(response.survey_id, response.contact_id)
            if not self._store.spend(response.survey_id, mark, _claim(sent)):
                response = domain.refuse_another(response)
            failpoints.reach("surveys.after_spend")
        self._store.insert(domain.anonymise(response))

    def enter(self, response: domain.Response) -> bool:
        """A form on paper; False when one of its number was entered before."""
        return self._store.insert(domain.anonymise(response))

    def answered(self, survey_id: str, contact_ids: Iterable[str]) -> list[str]:
        """Those of the contacts whose links are spent, each once."""
        marks = {self._mark(survey_id, each): each for each in contact_ids}
        spent = self._store.spent(survey_id, marks)
        return [contact_id for mark, contact_id in marks.items() if mark in spent]

    def _mark(self, survey_id: str, contact_id: str) -> str:
        return hmac.digest(self._secret, f"spent\0{survey_id}\0{contact_id}".encode(), "sha256").hex()


def _claim(sent: SentResponse) -> str:
    return sha256(f"claim\0{sent.survey_id}\0{sent.request_id}".encode()).hexdigest()
