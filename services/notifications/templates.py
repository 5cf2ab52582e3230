"""Keeps templates: one document each with all of its versions, so that one write saves a version or nothing."""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from shared.contracts.templates import PutAway, Template
from shared.errors import Conflict, NotFound
from shared.mongo import Documents, insert_new

MOST_VERSIONS = 100
"""Of one template: its document stays far below what the store takes."""


class Templates(Protocol):
    """The store of templates; the Mongo one and the fake pass the same contract tests."""

    def add(self, version: Template) -> bool:
        """Store the version after the newest (1: a new template); False when it is there already, or it is put away."""
        ...

    def versions(self, template_id: str) -> list[Template]:
        """Every version, the newest first; none of a template that nobody knows."""
        ...

    def newest(self) -> list[Template]:
        """The newest version of each template, by name; of those that are put away too."""
        ...

    def put_away(self, template_id: str, away: PutAway | None) -> bool:
        """Put a template away, or take it out (None); False when it is so already: the first one stays."""
        ...


class MongoTemplates:
    """Collection `templates`."""

    def __init__(self, database: Documents) -> None:
        self._templates = database["templates"]

    def add(self, version: Template) -> bool:
        content = orjson.loads(version.model_dump_json(exclude={"template_id", "latest", "put_away"}))
        newest = {"version": version.version, "newest": content}
        if version.version == 1:
            return not insert_new(self._templates, [{"_id": version.template_id, "versions": [content]} | newest])
        asked = {"_id": version.template_id, "version": version.version - 1, "put_away": None}
        update = {"$set": newest, "$push": {"versions": content}}
        return self._templates.update_one(asked, update).modified_count == 1

    def versions(self, template_id: str) -> list[Template]:
        found = self._templates.find_one({"_id": template_id}, {"newest": 0})
        return [_template(found, each) for each in reversed(found["versions"])] if found else []

    def newest(self) -> list[Template]:
        found = [_template(each, each["newest"]) for each in self._templates.find({}, {"versions": 0})]
        return sorted(found, key=_by_name)

    def put_away(self, template_id: str, away: PutAway | None) -> bool:
        is_there: dict[str, Any] = {"$ne": None}
        asked = {"_id": template_id, "put_away": is_there if away is None else None}
        update = {"$set": {"put_away": orjson.loads(away.model_dump_json()) if away else None}}
        return self._templates.update_one(asked, update).modified_count == 1


class FakeTemplates:
    """Templates in memory."""

    def __init__(self) -> None:
        self._templates: dict[str, list[Template]] = {}
        self._away: dict[str, PutAway] = {}

    def add(self, version: Template) -> bool:
        mine = self._templates.setdefault(version.template_id, [])
        if len(mine) != version.version - 1 or version.template_id in self._away:
            return False
        mine.append(version)
        return True

    def versions(self, template_id: str) -> list[Template]:
        mine = self._templates.get(template_id, [])
        now = {"latest": len(mine), "put_away": self._away.get(template_id)}
        return [each.model_copy(update=now) for each in reversed(mine)]

    def newest(self) -> list[Template]:
        return sorted((self.versions(each)[0] for each in self._templates), key=_by_name)

    def put_away(self, template_id: str, away: PutAway | None) -> bool:
        if template_id not in self._templates or (template_id in self._away) == (away is not None):
            return False
        if away is None:
            del self._away[template_id]
        else:
            self._away[template_id] = away
        return True


def find_version(templates: Templates, template_id: str, version: int | None = None) -> Template:
    """One version, or the newest. Raises NotFound."""
    found = templates.versions(template_id)
    if found and version is None:
        return found[0]
    match = next((each for each in found if each.version == version), None)
    if match is None:
        raise NotFound("There is no such version of a template.")
    return match


def find_usable(templates: Templates, template_id: str) -> Template:
    """The newest version. Raises NotFound; Conflict for a template that is put away."""
    found = find_version(templates, template_id)
    if found.put_away is not None:
        raise Conflict(f"The template “{found.text.name}” has been put away. Take it out to use it again.")
    return found


def _template(document: Mapping[str, Any], content: Mapping[str, Any]) -> Template:
    return Template.model_validate(
        {**content, "template_id": document["_id"], "latest": document["version"], "put_away": document.get("put_away")}
    )


def _by_name(template: Template) -> tuple[str, str]:
    return template.text.name.casefold(), template.template_id
