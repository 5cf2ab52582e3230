"""`make up`: starts the instance of this state directory, with demo data on the first start."""

import os
import sys
import time
from pathlib import Path

from rich.console import Console

from deploy.broker import BrokerMissing
from deploy.home import listens
from deploy.instance import Instance
from deploy.seed.accounts import demo_accounts, open_demo_accounts
from deploy.seed.load import load_demo
from deploy.store import StoreMissing, store_name
from deploy.supervision import NotStarted
from services.web.keys import create_key
from services.web.signin.policy import ROLES
from shared.mongo import connect

console = Console(highlight=False)
SEEDED = "demo-loaded"
"""A file in the state directory: the demo data was loaded to its end."""
KEY_FILE = "demo-key"

WELCOME = """
Wellheard is ready:  {url}

Sign in as one of

{accounts}

then type three letters of a name and read everything that was said with that stakeholder.

Report an event as a partner system would, then look for “wheelchair” on the page:

curl -i {url}/api/v1/events \\
  -H 'Authorization: Bearer {key}' \\
  -H 'Content-Type: application/cloudevents+json' \\
  -d '{{"specversion": "1.0", "type": "wellheard.engagement.reported.v1", "source": "/demo/pals",
       "id": "{event_id}",
       "data": {{"kind": "call", "title": "Asked about the wheelchair clinic", "channel": "phone",
                "body": "Rang to ask when the wheelchair clinic moves to the new site.",
                "people": [{{"name": "Avery Trial", "identifiers":
                            [{{"scheme": "email", "value": "avery.trial@example.org"}}]}}]}}}}'

Write a mailing at {url}/mailings and read what was sent at {url}/demo/mail.

A key of your own:   .venv/bin/wellheard key create --name "My system"
What runs:           make status        Logs:  make logs
Stop (data stays):   make down          Throw all data away:  make reset
"""


def main() -> None:
    state_dir = Path(os.environ.get("WELLHEARD_STATE_DIR", ".wellheard"))
    try:
        _up(Instance(state_dir))
    except (BrokerMissing, StoreMissing, NotStarted) as error:
        sys.exit(str(error))


def _up(instance: Instance) -> None:
    began = time.monotonic()
    port = _port(instance)
    _check_port(instance, port)
    console.print(f"- starting the message broker and the store ({store_name()})")
    if instance.exists:
        instance.change_port(port)
        instance.take_servers()
    else:
        instance = Instance.create(instance.state_dir, port=port, demo=True)
    console.print("- starting the services")
    instance.start()
    instance.wait_ready()
    if not (instance.state_dir / SEEDED).exists():
        load_demo(instance.settings, console=console)
        (instance.state_dir / SEEDED).touch()
    _welcome(instance)
    console.print(f"(ready after {time.monotonic() - began:.0f} s)")


def _port(instance: Instance) -> int:
    known = instance.settings.port if instance.exists else 8000
    return int(os.environ.get("WELLHEARD_PORT") or known)


def _check_port(instance: Instance, port: int) -> None:
    is_ours = instance.exists and instance.settings.port == port and instance.supervisor.is_running()
    if listens(port) and not is_ours:
        sys.exit(f"Port {port} is in use by another program. Choose another: WELLHEARD_PORT=8001 make up")


def _welcome(instance: Instance) -> None:
    settings = instance.settings
    key_file = instance.state_dir / KEY_FILE
    if not key_file.exists():
        key, _ = create_key(connect(settings, "web"), "Demo partner", ("events:write",))
        key_file.touch(mode=0o600)
        key_file.write_text(key)
    open_demo_accounts(settings)
    accounts = "\n".join(
        f"    {each.email:<31} {each.password:<19} {ROLES[each.role]}" for each in demo_accounts(settings)
    )
    event_id = f"trial-{int(time.time())}"
    words = {"url": settings.public_url, "key": key_file.read_text(), "event_id": event_id, "accounts": accounts}
    print(WELCOME.format(**words))  # noqa: T201


if __name__ == "__main__":
    main()
