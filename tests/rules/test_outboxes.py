"""Whoever asks whether anything is still to be published looks into every outbox there is."""

import ast
from collections import defaultdict
from pathlib import Path

from deploy.quiet import OUTBOXES
from tests.rules.test_code import ROOT, parsed

SERVICES = ROOT / "services"


def collections_with_an_outbox(module: Path) -> list[str]:
    """The name of the collection in each `MongoOutbox(self._it, ..)`, where `self._it = database["name"]`."""
    nodes = list(ast.walk(parsed(module)))
    names = {
        ast.unparse(node.targets[0]): node.value.slice.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Subscript)
        and isinstance(node.value.slice, ast.Constant)
    }
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "MongoOutbox"]
    found = [_named(each.args[0]) or names.get(ast.unparse(each.args[0])) for each in calls]
    assert None not in found, f"{module} makes an outbox of a collection whose name does not stand there"
    return list(map(str, found))


def _named(collection: ast.expr) -> object:
    is_named = isinstance(collection, ast.Subscript) and isinstance(collection.slice, ast.Constant)
    return collection.slice.value if is_named else None  # type: ignore[attr-defined]


def test_every_outbox_of_a_service_is_looked_into() -> None:
    found = defaultdict(set)
    for module in sorted(SERVICES.rglob("*.py")):
        for name in collections_with_an_outbox(module):
            found[module.relative_to(SERVICES).parts[0]].add(name)
    assert {service: set(names) for service, names in OUTBOXES.items()} == found
