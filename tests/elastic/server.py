"""The Elasticsearch of the tests: fetched once, the same for everybody, and run by whoever may not do anything else.

Production uses the cluster of whoever runs Wellheard. The distribution made for integration tests has the server and
none of its modules, and that is all the adapter needs. Its licences (AGPL, SSPL, Elastic): it is run, never shipped.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from deploy.home import home, locked

VERSION = "8.19.21"
SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
FETCH_SECONDS = 600
_NOBODY = 65534
"""It refuses to run as root, so root runs it as this user."""


class ElasticMissing(Exception):
    """The server cannot be had; the text says what to install."""


@cache
def server() -> Path:
    """The unpacked server, which nobody writes to."""
    java_home()
    with locked("elastic"):
        zipped = _fetched()
        target = _shelf() / f"elasticsearch-{VERSION}"
        if not target.exists():
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            _unpack(zipped, partial)
            (partial / target.name).rename(target)
            shutil.rmtree(partial)
    return target


@cache
def java_home() -> Path:
    """Of Java 17 to 25: `ES_JAVA_HOME`, else that of the `java` of this machine."""
    given = os.environ.get("ES_JAVA_HOME")
    program = Path(given) / "bin/java" if given else shutil.which("java")
    if program is None or not Path(program).exists():
        raise ElasticMissing("there is no Java: apt-get install openjdk-17-jre-headless (17 to 25 will do)")
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or not 17 <= int(version[1]) <= 25:
        raise ElasticMissing(f"Java 17 to 25 is needed, this is {said.splitlines()[0] if said else 'none'}")
    return Path(program).resolve().parents[1]


def as_nobody(command: list[str]) -> list[str]:
    """The command, run by somebody who may do nothing when we are root."""
    if os.getuid():
        return command
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *command]


def give_to_nobody(directory: Path) -> None:
    """Let that somebody write everything in the directory."""
    if not os.getuid():
        for path in (directory, *directory.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)


def new_directory() -> Path:
    """A directory for one node, whose path everybody may walk."""
    directory = Path(tempfile.mkdtemp(prefix="node-", dir=_shelf()))
    directory.chmod(0o755)
    return directory


def _fetched() -> Path:
    target = home() / "elastic" / f"elasticsearch-{VERSION}.zip"
    if not target.exists():
        if shutil.which("mvn") is None:
            raise ElasticMissing("there is no Maven to fetch Elasticsearch with: apt-get install maven")
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent))
        command = ["mvn", "-B", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={partial}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS)
        if done.returncode:
            raise ElasticMissing(f"Maven could not fetch it: {(done.stdout or done.stderr)[-300:]}")
        (partial / target.name).rename(target)
        partial.rmdir()
    if hashlib.sha256(target.read_bytes()).hexdigest() != SHA256:
        target.unlink()
        raise ElasticMissing("what was fetched is not the Elasticsearch that these tests were made for")
    return target


def _unpack(zipped: Path, directory: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(directory)
    for path in directory.rglob("bin/*"):
        path.chmod(0o755)


def _shelf() -> Path:
    """Where the server and its nodes are: home directories of root are closed to others, who run it then."""
    path = Path(tempfile.gettempdir()) / f"wellheard-elastic-{os.getuid()}"
    path.mkdir(mode=0o755, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise ElasticMissing(f"{path} belongs to somebody else")
    return path
