"""Whatever the API is sent, it answers, and as its OpenAPI document says."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from services.web.api.documents import openapi_document
from services.web.keys import SCOPES
from tests.web.conftest import County
from tests.web.furnished import Furnished, furnish

pytestmark = pytest.mark.thorough

ADDRESS = "http://testserver"
REQUESTS = 50
"""Of each kind to each operation: all of them take about twenty seconds."""
NOT_PROMISED = [
    negative_data_rejection,  # an event that breaks a rule is taken, and waits in the quarantine
    positive_data_acceptance,  # a cursor is any text to the schema, and one of ours to the API
]
load_all_checks()


@pytest.fixture
def furnished(tmp_path: Path) -> Any:
    limits = {"partner_requests_per_second": 100_000, "partner_events_per_second": 10_000_000}
    county = County(tmp_path, base_url=ADDRESS, **limits)
    yield asyncio.run(furnish(county, "Zoë Müller"))
    county.projector.close()


def operations(county: County) -> list[Any]:
    schema = schemathesis.openapi.from_dict(openapi_document(county.app))
    schema.app = county.app
    return [each.ok() for each in schema.get_all_operations()]


def send(
    furnished: Furnished, operation: Any, mode: GenerationMode, tokens: list[str], most: int = REQUESTS, but: Any = ()
) -> set[int]:
    """Many requests to an operation, each answer compared with the document; the statuses that were seen."""
    seen = set()

    @settings(max_examples=most, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        case=operation.as_strategy(generation_mode=mode), known=st.booleans(),
        token=st.sampled_from(tokens),
    )  # fmt: skip
    def answer_as_documented(case: Any, known: bool, token: str) -> None:
        if known:
            ids = furnished.ids | {"event_id": furnished.words}
            case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
        headers = {"Authorization": f"Bearer {token}"}
        response = case.call(base_url=ADDRESS, headers=headers)
        seen.add(response.status_code)
        case.validate_response(response, headers=headers, excluded_checks=[*NOT_PROMISED, *but])

    answer_as_documented()
    return seen


def test_no_request_is_answered_with_an_error_of_ours_or_otherwise_than_documented(furnished: Furnished) -> None:
    keys = furnished.county.keys
    tokens = [keys.give("St Agnes", *SCOPES), keys.give("Nobody", "system:read")]
    seen = set()
    for operation in operations(furnished.county):
        for mode in GenerationMode:
            seen |= send(furnished, operation, mode, tokens)
    assert seen >= {200, 202, 400, 401, 403, 404}


def test_while_the_broker_is_away_every_answer_is_a_documented_one(furnished: Furnished) -> None:
    furnished.county.web_bus.down.add("broker")
    token = furnished.county.keys.give("St Agnes", *SCOPES)
    for operation in operations(furnished.county):
        seen = send(furnished, operation, GenerationMode.POSITIVE, [token], 10, but=[not_a_server_error])
        assert 503 in seen, operation.label
