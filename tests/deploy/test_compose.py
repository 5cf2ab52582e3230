"""compose.yaml is the same system as `make up`: no Docker engine runs here, so a test keeps it honest."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.processes import PROCESSES
from shared.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
INFRASTRUCTURE = {"broker", "store"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return content


def ours(compose: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in compose["services"].items() if name not in INFRASTRUCTURE}


def test_every_process_has_a_container_and_no_container_is_anything_else(compose: dict[str, Any]) -> None:
    assert {name: service["command"] for name, service in ours(compose).items()} == {
        name: ["wellheard", "run", name] for name in PROCESSES
    }


def test_every_variable_is_a_setting(compose: dict[str, Any]) -> None:
    known = {f"WELLHEARD_{name.upper()}" for name in Settings.model_fields}
    for service in ours(compose).values():
        assert service["environment"].keys() <= known


def test_the_values_are_settings_that_services_accept(compose: dict[str, Any]) -> None:
    for service in ours(compose).values():
        given = {name: re.sub(r"\$\{.*?\}", "8000", value) for name, value in service["environment"].items()}
        values = {name.removeprefix("WELLHEARD_").lower(): value for name, value in given.items()}
        settings = Settings.model_validate(values)
        assert settings.index_dir == Path("/var/lib/wellheard/index")
        assert settings.amqp_user == "wellheard"


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    """`${NAME:?..}` makes compose refuse to start; nothing that is secret stands in the file."""
    broker = compose["services"]["broker"]["environment"]["RABBITMQ_DEFAULT_PASS"]
    secrets = [broker] + [service["environment"]["WELLHEARD_SECRET"] for service in ours(compose).values()]
    passwords = [
        re.findall(r"://wellheard:(.*)@", service["environment"]["WELLHEARD_AMQP_URL"])[0]
        for service in ours(compose).values()
    ]
    assert all(re.fullmatch(r"\$\{\w+:\?.+\}", value) for value in secrets + passwords)


def test_only_the_web_is_published_and_only_on_the_machine_itself(compose: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert ports == {"web": ["127.0.0.1:${WELLHEARD_PORT:-8000}:8000"]}


def test_both_history_processes_share_the_index(compose: dict[str, Any]) -> None:
    volumes = {tuple(compose["services"][name]["volumes"]) for name in ("history-projector", "history-search")}
    assert volumes == {("index:/var/lib/wellheard",)}


def test_the_dockerfile_copies_every_package_and_the_lock(compose: dict[str, Any]) -> None:
    copied = re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    files = {each for line in copied for each in line.split()[:-1]}
    assert {"requirements.lock", "pyproject.toml", "package-lock.json", "shared", "services", "deploy"} <= files


def test_with_elasticsearch_both_history_processes_search_there_and_nothing_else_changes(
    compose: dict[str, Any],
) -> None:
    over: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.elastic.yaml").read_text())
    history = {name: service for name, service in over["services"].items() if name != "search"}
    assert history.keys() == {"history-projector", "history-search"}
    assert history.keys() <= compose["services"].keys()
    for service in history.values():
        assert service["environment"].keys() == {"WELLHEARD_SEARCH_URL"}
        url = re.sub(r"\$\{.*?\}", "secret", service["environment"]["WELLHEARD_SEARCH_URL"])
        settings = Settings(search_url=url)
        assert (settings.search_hosts, settings.search_prefix) == (["http://search:9200"], "wellheard")
        assert settings.search_login == ("elastic", "secret")
    assert re.fullmatch(r"\$\{\w+:\?.+\}", over["services"]["search"]["environment"]["ELASTIC_PASSWORD"])
    assert "ports" not in over["services"]["search"]
