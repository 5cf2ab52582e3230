"""What READMEs say about services is true."""

import re
from pathlib import Path

import pytest

from deploy import topology
from deploy.processes import PROCESSES
from shared.messaging.declare import declarations

ROOT = Path(__file__).parents[2]
SERVICES = sorted({build.split(".")[1] for build in PROCESSES.values()})


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_readme_that_opens_with_its_name(service: str) -> None:
    readme = (ROOT / "services" / service / "README.md").read_text()
    assert re.match(rf"# (services/)?{service}\b", readme, re.IGNORECASE)


@pytest.mark.parametrize("service", [each for each in SERVICES if each != "web"])
def test_a_readme_names_every_request_and_queue_of_its_service(service: str) -> None:
    """A reader finds each by its name; a renamed one is found missing here."""
    readme = (ROOT / "services" / service / "README.md").read_text()
    classes = [each for each in topology.services() if each.__module__.split(".")[1] == service]
    entrypoints = [each for cls in classes for each in declarations(cls)]
    wanted = {each.request.__name__ for each in entrypoints if each.request} | {
        each.queue for each in entrypoints if each.queue
    }
    assert {name for name in wanted if f"`{name}`" not in readme} == set()


def test_the_readme_names_every_process() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {name for name in PROCESSES if name not in readme} == set()


def test_every_command_the_readme_shows_exists() -> None:
    """`make x` is a target."""
    targets = set(re.findall(r"^([a-z%-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"\bmake ([a-z]+[a-z-]*)", (ROOT / "README.md").read_text()))
    assert {each for each in shown if each not in targets and not each.startswith("bench-")} == set()
