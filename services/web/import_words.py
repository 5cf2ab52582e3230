"""What the pages of imports call things."""

from collections.abc import Mapping
from types import MappingProxyType

IMPORT_STATES: Mapping[str, str] = MappingProxyType(
    {
        "uploading": "Arriving",
        "draft": "Columns to be checked",
        "judging": "Dry run",
        "judged": "Looked at, not imported",
        "running": "Importing",
        "finished": "Imported",
        "cancelled": "Stopped",
        "reverting": "Being taken back",
        "reverted": "Taken back",
        "discarded": "Discarded",
    }
)
IMPORT_COLOURS = MappingProxyType(
    {"finished": "green", "running": "yellow", "judging": "yellow", "reverting": "yellow"}
)
COLUMN_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "ignore": "Nothing we keep",
        "name": "Name",
        "first_name": "First name",
        "surname": "Surname",
        "organisation": "Organisation, where there is no person",
        "email": "E-mail address",
        "phone": "Telephone number",
        "postcode": "Postcode",
        "locality": "Locality",
        "practice": "Practice",
        "groups": "Stakeholder groups",
        "reference": "Reference or membership number",
        "consented_on": "Date of the consents",
    }
)
DUPLICATE_POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "update": "Add what the file says to the known contact; empty cells change nothing",
        "refuse": "Leave the row out",
        "separate": "Register another contact that shares the address, to be merged by a person",
    }
)
VERDICTS = MappingProxyType(
    {"new": "New", "changed": "Changes", "unchanged": "Nothing to change", "duplicate": "Known", "faulty": "Faulty"}
)
VERDICT_COLOURS = MappingProxyType(
    {"new": "green", "changed": "blue", "unchanged": "grey", "duplicate": "yellow", "faulty": "red"}
)
FIELDS = MappingProxyType(
    {
        "kind": "Kind",
        "name": "Name",
        "identifiers": "Addresses and numbers",
        "locality": "Locality",
        "practice": "Practice",
        "postcode": "Postcode",
        "groups": "Groups",
        "consent": "Consent",
    }
)
