"""Rules about the code itself that a machine can check."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "shared", "deploy", "bench")
LONGEST_FUNCTION = 40
LONGEST_MODULE = 300
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base_utils"}
# A registry's address makes a lock file work on one network only; a home directory, on one machine only.
OUTSIDE = re.compile(
    rb"registry\.npmjs|files\.pythonhosted|pypi\.org/simple|static\.crates|/root/|/home/[a-z]+/|" rb"--index-url"
)


def tracked_files() -> list[Path]:
    """What git knows, or would if it were asked to add everything."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed: apt-get install git")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [path for path in tracked_files() if path != Path(__file__) and OUTSIDE.search(path.read_bytes())]
    assert found == []


def test_every_module_opens_with_a_sentence() -> None:
    found = [path for path in modules() if path.read_text().strip() and not _docstring(path).endswith((".", ":", "?"))]
    assert found == []


def _docstring(path: Path) -> str:
    return (ast.get_docstring(parsed(path)) or "").split("\n\n")[0].strip()


def test_no_function_is_longer_than_a_screen() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{function.name}"
        for path in modules()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]
    assert found == []


def test_no_module_outgrows_what_one_can_hold_in_mind() -> None:
    found = [path for path in modules() if len(path.read_text().splitlines()) > LONGEST_MODULE]
    assert found == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in modules() if path.stem in VAGUE or path.parent.name in VAGUE] == []


def test_nothing_is_left_undone() -> None:
    """No stub, no reminder: an issue holds what is still to be done."""
    left = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b")
    assert [path for path in modules() if left.search(path.read_text())] == []


def test_benches_measure_real_work() -> None:
    """No pause, no fake store and no test bus may flatter a figure."""
    flattering = re.compile(r"\bsleep\(|\bFake[A-Z]\w+|\btestbus\b|\bTestBus\b|\bmock\b")
    benches = sorted((ROOT / "bench").glob("*.py"))
    assert benches
    assert [path for path in benches if flattering.search(path.read_text())] == []


def test_imports_follow_the_architecture() -> None:
    """The contracts of import-linter in pyproject.toml."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout


def test_the_command_line_patches_nothing_before_a_service_is_run() -> None:
    """Only the runner may load eventlet: the web and the commands use ordinary threads."""
    program = (
        "import deploy.commands.app, deploy.run, sys; sys.exit('eventlet' in sys.modules or 'nameko' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
