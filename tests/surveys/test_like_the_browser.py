"""The server judges answers as the library does that runs in the respondent's browser."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.surveys.definition import Definition
from shared.surveys.judging import judge
from tests.surveys.generating import answers, definitions

pytestmark = pytest.mark.thorough

SURVEYS, SETS = int(os.environ.get("SURVEYS", "25")), int(os.environ.get("SETS", "20"))
"""200 and 50 take some minutes."""
LIBRARY = Path(__file__).parents[2] / "node_modules/survey-core"


class Browser:
    """SurveyJS in Node, asked line by line."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("core.mjs")
        self._node = subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def respond(self, definition: dict[str, Any], sets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert self._node.stdin
        assert self._node.stdout
        self._node.stdin.write(json.dumps({"definition": definition, "sets": sets}) + "\n")
        self._node.stdin.flush()
        found: list[dict[str, Any]] = json.loads(self._node.stdout.readline())
        return found

    def close(self) -> None:
        assert self._node.stdin
        self._node.stdin.close()
        self._node.wait(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed: apt-get install nodejs")
    if not LIBRARY.is_dir():
        pytest.skip("survey-core is not installed: npm ci")
    made = Browser()
    yield made
    made.close()


@settings(
    max_examples=SURVEYS,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(st.data())
def test_the_server_judges_as_the_browser_does(browser: Browser, data: st.DataObject) -> None:
    definition = data.draw(definitions())
    read = Definition.model_validate(definition)
    sets = [data.draw(answers(definition)) for _ in range(SETS)]
    for sent, seen in zip(sets, browser.respond(read.to_json(), sets), strict=True):
        judged = judge(read, sent)
        assert (judged.answers, sorted(judged.faults)) == (seen["answers"], sorted(seen["faults"])), sent
