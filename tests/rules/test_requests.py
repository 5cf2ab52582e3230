"""Whoever does something is named in what is asked, so that every record says who it was."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator

import shared.contracts
from shared.contracts.base import Request
from tests.rules.test_code import ROOT, parsed


def with_a_doer() -> Iterator[str]:
    """Names of the requests that say by whom they are made."""
    for module in pkgutil.iter_modules(shared.contracts.__path__):
        for name, kind in vars(importlib.import_module(f"shared.contracts.{module.name}")).items():
            if isinstance(kind, type) and issubclass(kind, Request) and "by" in kind.model_fields:
                yield name


def test_a_page_says_who_does_what_it_asks_for() -> None:
    wanted, nameless = set(with_a_doer()), []
    for path in sorted((ROOT / "services/web").rglob("*.py")):
        for node in ast.walk(parsed(path)):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in wanted
            if is_call and not any(each.arg in ("by", None) for each in node.keywords):
                nameless.append(f"{path.name}:{node.lineno} {node.func.id}")
    assert {"ChangeContact", "OpenSurvey"} <= wanted
    assert nameless == []
