"""Whose fault an error is: what is away is waited for, what a message caused is tried again and parked."""

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError, DocumentTooLarge, ServerSelectionTimeoutError, WriteError

from shared.errors import Invalid, Unavailable
from shared.messaging.broker import is_unavailable


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("contacts does not answer"),
        ConnectionResetError(),
        TimeoutError(),
        AutoReconnect(),
        ServerSelectionTimeoutError(),
        BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]}),
    ],
    ids=repr,
)
def test_what_is_away_is_nobodys_fault(error: Exception) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize(
    "error",
    [
        Invalid("a rule"),
        TypeError(),
        WriteError("refused", 121),
        DocumentTooLarge("17 MB"),
        BulkWriteError({"writeErrors": [{"code": 121}], "writeConcernErrors": []}),
    ],
    ids=repr,
)
def test_what_no_waiting_will_mend_is_the_messages_own_fault(error: Exception) -> None:
    assert not is_unavailable(error)
