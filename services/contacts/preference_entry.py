"""The entry points of the preference page, a part of the contacts service."""

from services.contacts.preferences import PreferenceDesk
from shared.contracts.base import Done
from shared.contracts.preferences import (
    AskForErasure,
    ChoosePreferences,
    ErasureRequests,
    GetPreferences,
    GivePreferenceKeys,
    ListErasureRequests,
    PreferenceKeys,
    Preferences,
    RevokePreferenceKey,
    WithdrawEverything,
)
from shared.messaging import rpc


class PreferenceEntry:
    """What people decide of themselves; whoever inherits makes the desk."""

    _preferences: PreferenceDesk

    @rpc
    def give_preference_keys(self, request: GivePreferenceKeys) -> PreferenceKeys:
        return PreferenceKeys(keys=self._preferences.give_keys(request.contact_ids))

    @rpc
    def revoke_preference_key(self, request: RevokePreferenceKey) -> Done:
        self._preferences.revoke(request.contact_id)
        return Done()

    @rpc
    def get_preferences(self, request: GetPreferences) -> Preferences:
        return self._preferences.get(request.key)

    @rpc
    def choose_preferences(self, request: ChoosePreferences) -> Preferences:
        return self._preferences.choose(request.key, request.request_id, request.allowed, request.wording)

    @rpc
    def withdraw_everything(self, request: WithdrawEverything) -> Preferences:
        return self._preferences.withdraw_everything(request.key, request.request_id)

    @rpc
    def ask_for_erasure(self, request: AskForErasure) -> Preferences:
        return self._preferences.ask_for_erasure(request.key)

    @rpc
    def list_erasure_requests(self, request: ListErasureRequests) -> ErasureRequests:
        return ErasureRequests(requests=tuple(self._preferences.erasure_requests(request.limit)))
