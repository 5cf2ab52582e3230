"""The entry points of subscribing, a part of the contacts service."""

from services.contacts.envelopes import now
from services.contacts.subscribing.desk import SubscribingDesk
from shared.contracts.subscribing import (
    Asked,
    AskToSubscribe,
    ConfirmedSubscription,
    ConfirmSubscription,
    GetSubscriptionRequest,
    SubscriptionRequest,
)
from shared.messaging import every, rpc


class SubscribingEntry:
    """What people ask on the public page; whoever inherits makes the desk."""

    _subscribing: SubscribingDesk

    @rpc
    def ask_to_subscribe(self, request: AskToSubscribe) -> Asked:
        key = self._subscribing.ask(request.address, request.name, request.purposes, request.wording, now())
        return Asked(key=key)

    @rpc
    def get_subscription_request(self, request: GetSubscriptionRequest) -> SubscriptionRequest:
        found = self._subscribing.get(request.key, now())
        return SubscriptionRequest(purposes=found.purposes, asked_at=found.asked_at, confirmed_at=found.confirmed_at)

    @rpc
    def confirm_subscription(self, request: ConfirmSubscription) -> ConfirmedSubscription:
        confirmed, preference_key = self._subscribing.confirm(request.key, now())
        return ConfirmedSubscription(purposes=confirmed.purposes, preference_key=preference_key)

    @every(600.0)
    def forget_expired_requests(self) -> None:
        """Of whoever did not confirm in time nothing is kept."""
        self._subscribing.forget_expired(now())
