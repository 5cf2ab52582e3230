"""The contract of the store of preference keys and requests for erasure, on a real store and on the fake."""

import os
from datetime import timedelta

import pytest

from services.contacts.fake import FakePreferences
from services.contacts.preferences import MongoPreferences, PreferenceStore
from shared.contracts.preferences import ErasureRequest
from shared.mongo import connect
from tests.builders import AT


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.servers)])
def preferences(request: pytest.FixtureRequest) -> PreferenceStore:
    if request.param == "fake":
        return FakePreferences()
    settings = request.getfixturevalue("store")
    return MongoPreferences(connect(settings, f"contacts_{os.urandom(4).hex()}"))


def test_a_contact_keeps_its_key_until_it_is_revoked(preferences: PreferenceStore) -> None:
    preferences.add_keys({"con_1": "first", "con_2": "second"})
    preferences.add_keys({"con_1": "other"})
    assert preferences.keys(["con_1", "con_3"]) == {"con_1": "first"}
    assert (preferences.find_contact("second"), preferences.find_contact("other")) == ("con_2", None)
    preferences.revoke("con_1")
    assert preferences.find_contact("first") is None
    preferences.add_keys({"con_1": "new"})
    assert preferences.find_contact("new") == "con_1"


def test_who_asked_first_to_be_erased_comes_first_and_once(preferences: PreferenceStore) -> None:
    for contact_id, hours in (("con_2", 2), ("con_1", 1), ("con_2", 0)):
        preferences.ask_for_erasure(ErasureRequest(contact_id=contact_id, asked_at=AT + timedelta(hours=hours)))
    assert [each.contact_id for each in preferences.erasure_requests(10)] == ["con_1", "con_2"]
    assert preferences.erasure_asked_at("con_2") == AT + timedelta(hours=2)
    assert preferences.erasure_asked_at("con_3") is None
