"""The keys of personal links: which contact may answer which survey with which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.mongo import Documents, insert_new


@dataclass(frozen=True, slots=True)
class Link:
    """What a key stands for."""

    survey_id: str
    contact_id: str


class Links(Protocol):
    """Keys of personal links; the Mongo one and the fake pass the same contract tests."""

    def add(self, survey_id: str, keys: Mapping[str, str]) -> None:
        """Contact id -> key; who has one for the survey keeps it."""
        ...

    def keys(self, survey_id: str, contact_ids: Iterable[str]) -> dict[str, str]: ...

    def find(self, keys: Iterable[str]) -> dict[str, Link]: ...

    def revoke(self, survey_id: str, contact_id: str) -> None: ...

    def forget(self, contact_ids: Iterable[str]) -> None:
        """No key of the contacts is left."""
        ...


class MongoLinks:
    """Collection `links`, by survey and contact."""

    def __init__(self, database: Documents) -> None:
        self._links = database["links"]
        self._links.create_index("key")
        self._links.create_index("contact_id")

    def add(self, survey_id: str, keys: Mapping[str, str]) -> None:
        if keys:
            insert_new(self._links, [_document(Link(survey_id, each), key) for each, key in keys.items()])

    def keys(self, survey_id: str, contact_ids: Iterable[str]) -> dict[str, str]:
        asked = [_id(survey_id, each) for each in contact_ids]
        return {each["contact_id"]: each["key"] for each in self._links.find({"_id": {"$in": asked}})}

    def find(self, keys: Iterable[str]) -> dict[str, Link]:
        found = self._links.find({"key": {"$in": list(keys)}})
        return {each["key"]: Link(each["survey_id"], each["contact_id"]) for each in found}

    def revoke(self, survey_id: str, contact_id: str) -> None:
        self._links.delete_one({"_id": _id(survey_id, contact_id)})

    def forget(self, contact_ids: Iterable[str]) -> None:
        self._links.delete_many({"contact_id": {"$in": list(contact_ids)}})


class FakeLinks:
    """The keys in memory."""

    def __init__(self) -> None:
        self._keys: dict[Link, str] = {}

    def add(self, survey_id: str, keys: Mapping[str, str]) -> None:
        for contact_id, key in keys.items():
            self._keys.setdefault(Link(survey_id, contact_id), key)

    def keys(self, survey_id: str, contact_ids: Iterable[str]) -> dict[str, str]:
        found = {each: self._keys.get(Link(survey_id, each)) for each in contact_ids}
        return {contact_id: key for contact_id, key in found.items() if key}

    def find(self, keys: Iterable[str]) -> dict[str, Link]:
        wanted = set(keys)
        return {key: link for link, key in self._keys.items() if key in wanted}

    def revoke(self, survey_id: str, contact_id: str) -> None:
        self._keys.pop(Link(survey_id, contact_id), None)

    def forget(self, contact_ids: Iterable[str]) -> None:
        gone = set(contact_ids)
        self._keys = {link: key for link, key in self._keys.items() if link.contact_id not in gone}


def _id(survey_id: str, contact_id: str) -> str:
    return f"{survey_id}:{contact_id}"


def _document(link: Link, key: str) -> dict[str, Any]:
    about = {"survey_id": link.survey_id, "contact_id": link.contact_id, "key": key}
    return {"_id": _id(link.survey_id, link.contact_id)} | about
