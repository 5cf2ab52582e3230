"""Every metric that an alert names is exported, and every operational metric has an alert."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.web.gauges import Gauges
from shared.system import troubles
from tests.system.test_troubles import WELL

PROMETHEUS = Path(__file__).parents[2] / "deploy/prometheus"
NAME = re.compile(r"\bwellheard_\w+")


@pytest.fixture(scope="module")
def alerts() -> list[dict[str, Any]]:
    content = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def exported() -> set[str]:
    report = WELL.model_copy(
        update={
            "processes": tuple(each.model_copy(update={"started_at": datetime.now(UTC)}) for each in WELL.processes)
        }
    )
    return {family.name for family in Gauges(report).collect()}


def test_every_metric_that_an_alert_names_is_exported(alerts: list[dict[str, Any]]) -> None:
    named = {name for alert in alerts for name in NAME.findall(alert["expr"])}
    assert named - exported() == set()


def test_every_operational_metric_has_an_alert(alerts: list[dict[str, Any]]) -> None:
    named = {name for alert in alerts for name in NAME.findall(alert["expr"])}
    assert exported() - named == set()


def test_every_alert_says_what_is_the_case_what_to_do_and_why_then(alerts: list[dict[str, Any]]) -> None:
    for alert in alerts:
        assert alert["annotations"].keys() == {"summary", "description", "why"}, alert["alert"]
        assert alert["labels"]["severity"] in ("page", "ticket")
    assert len({alert["alert"] for alert in alerts}) == len(alerts)


def test_alerts_and_the_status_page_have_the_same_limits(alerts: list[dict[str, Any]]) -> None:
    limits = {alert["alert"]: alert["expr"].rpartition(" ")[2] for alert in alerts}
    assert limits["WellheardQueueOld"] == str(troubles.QUEUE_SECONDS)
    assert limits["WellheardOutboxOld"] == str(troubles.OUTBOX_SECONDS)
    assert limits["WellheardOutboxLong"] == str(troubles.OUTBOX_DEPTH)
    assert limits["WellheardQuarantineOld"] == str(troubles.QUARANTINE_SECONDS)


def test_every_alert_is_explained_to_operators(alerts: list[dict[str, Any]]) -> None:
    explained = (PROMETHEUS.parents[1] / "docs/operations.md").read_text()
    assert [alert["alert"] for alert in alerts if f"`{alert['alert']}`" not in explained] == []


def test_prometheus_itself_takes_both_files() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt-get install prometheus")
    done = subprocess.run(
        [promtool, "check", "config", "prometheus.yaml"], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
