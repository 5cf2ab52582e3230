"""Whoever only reads sees the figures of a consultation without small numbers, and not what each contributor said."""

import pytest

from shared.contracts.base import new_id
from shared.contracts.consultations import CloseConsultation, OpenConsultation
from shared.contracts.contacts import RegisterContact
from shared.contracts.events import RecordEngagement
from tests.builders import a_new_contact, a_report
from tests.web.conftest import County
from tests.web.test_consultations import DESK, planned
from tests.web.test_pages import text

pytestmark = pytest.mark.anyio
TARGETS = [
    {"group": "carers", "expected": 10},
    {"group": "patients", "expected": 20},
    {"group": "media", "expected": 900},
]


def heard(county: County) -> str:
    """The address of an open consultation in which 3 carers, 9 patients and nobody of the media said something."""
    made = planned(county, targets=TARGETS)
    county.bus.call(OpenConsultation(consultation_id=made.consultation_id, version=1))
    for number in range(12):
        who = a_new_contact(f"Person {number}", groups=["carers" if number < 3 else "patients"])
        contact_id = county.bus.call(RegisterContact(request_id=f"{number}", contact=who)).contact_id
        said = a_report(title="Said in confidence", consultation_id=made.consultation_id)
        county.bus.call(RecordEngagement(request_id=new_id(), reported=said, contact_ids=(contact_id,)))
    county.settle()
    return f"{DESK}/{made.consultation_id}"


async def test_the_board_sees_no_small_number_and_who_is_missing_by_what_it_sees(county: County) -> None:
    address = heard(county)
    async with county.browser("board_reader") as reader:
        page = text(await reader.get(address))
    assert "Carers 10 not shown" in page
    assert "Patients and service users 20 9" in page
    assert "Few or nobody heard 900 not shown" in page
    assert "1 group of 3 is heard less than half as much" in page
    assert "representativeness" not in page.casefold()
    assert "Person" not in page


async def test_the_board_reads_neither_contributions_nor_an_outcome_before_it_is_published(county: County) -> None:
    address = heard(county)
    county.bus.call(CloseConsultation(consultation_id=address.rpartition("/")[2], version=2))
    async with county.browser("board_reader") as reader:
        assert (await reader.get(f"{address}/contributions")).status_code == 403
        page = await reader.get(address)
        assert "What was decided" not in page.text
        assert "/contributions" not in page.text


async def test_who_works_with_contributions_sees_plain_numbers(county: County) -> None:
    address = heard(county)
    for role in ("engagement_officer", "communications_officer", "patient_experience"):
        async with county.browser(role) as reader:
            assert "10 3 30%" in text(await reader.get(address)), role
