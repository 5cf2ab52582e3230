"""The published JSON Schema of every event, and what makes a change of one incompatible.

`python -m shared.contracts.publish` writes the schemas of new events; a schema that is published is never changed in
a way that breaks a consumer: make a new class (`...V2`) instead.
"""

import importlib
import json
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from shared import contracts
from shared.contracts.base import Event
from shared.contracts.events import REPORTED, Reported

FOLDER = Path(__file__).parent / "published"
Schema = dict[str, Any]


def all_events() -> list[type[Event]]:
    """Every event of the system, by type."""
    names = [f"{contracts.__name__}.{each.name}" for each in pkgutil.iter_modules(contracts.__path__)]
    found = [
        each
        for name in names
        for each in vars(importlib.import_module(name)).values()
        if isinstance(each, type) and issubclass(each, Event) and each is not Event and each.__module__ == name
    ]
    return sorted(found, key=lambda each: each.type)


def schemas() -> dict[str, Schema]:
    """Event type -> JSON Schema of its data, as the code has it."""
    return {each.type: each.model_json_schema(mode="serialization") for each in all_events()} | {
        REPORTED: Reported.model_json_schema()
    }


def published() -> dict[str, Schema]:
    """Event type -> JSON Schema as committed."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def breaks(before: Schema, after: Schema, reported: bool = False) -> list[str]:
    """Why consumers of `before` could not read events of `after`; reported: why partners could not send as before."""
    return _Comparison(before, after, reported).of(before, after, "data", frozenset())


@dataclass(frozen=True)
class _Comparison:
    before: Schema
    after: Schema
    reported: bool

    def of(self, before: Schema, after: Schema, path: str, seen: frozenset[str]) -> list[str]:
        reference = before.get("$ref", "")
        if reference in seen:
            return []
        old, new = _resolve(before, self.before), _resolve(after, self.after)
        below = seen | {reference} if reference else seen
        found = self._itself(old, new, path)
        for name, part in old.get("properties", {}).items():
            if name not in new.get("properties", {}):
                found.append(f"{path}.{name}: is gone")
            else:
                found += self.of(part, new["properties"][name], f"{path}.{name}", below)
        if "items" in old and "items" in new:
            found += self.of(old["items"], new["items"], f"{path}[]", below)
        for one, other in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False):
            found += self.of(one, other, path, below)
        return found

    def _itself(self, old: Schema, new: Schema, path: str) -> list[str]:
        found = (
            [f"{path}: was {old['type']}, is {new.get('type')}"]
            if "type" in old and old["type"] != new.get("type")
            else []
        )
        values = (set(old.get("enum", ())), set(new.get("enum", ())))
        # A producer may drop values and a partner may learn new ones; the other way round somebody is surprised.
        surprising = values[0] - values[1] if self.reported else values[1] - values[0]
        if all(values):
            found += [
                f"{path}: {value!r} is {'no longer allowed' if self.reported else 'new'}"
                for value in sorted(surprising)
            ]
        required = (set(old.get("required", ())), set(new.get("required", ())))
        changed = required[1] - required[0] if self.reported else required[0] - required[1]
        return found + [
            f"{path}.{name}: is {'now' if self.reported else 'no longer'} required" for name in sorted(changed)
        ]


def _resolve(schema: Schema, root: Schema) -> Schema:
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    return cast(Schema, root["$defs"][name]) if name else schema


def write() -> None:
    """Write the schemas of the code into the folder; breaking ones are refused."""
    old = published()
    for kind, schema in schemas().items():
        problems = breaks(old[kind], schema, kind == REPORTED) if kind in old else []
        if problems:
            raise SystemExit(f"{kind} would break consumers: {problems}. Make a new class with the next version.")
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{kind}.json").write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    write()
