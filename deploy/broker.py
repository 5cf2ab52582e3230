"""One RabbitMQ node for all instances of a user: each instance has a vhost and a user of its own there."""

import base64
import hashlib
import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from deploy.home import free_port, home, listens
from deploy.supervision import Program

BINARIES = Path("/usr/lib/rabbitmq/bin")
NODE = "wh@localhost"

_CONFIGURATION = """\
# Written by deploy/broker.py.
listeners.tcp.1 = 127.0.0.1:{amqp}
distribution.listener.interface = 127.0.0.1
distribution.listener.port_range.min = {distribution}
distribution.listener.port_range.max = {distribution}
log.console = true
log.console.level = warning
log.file = false
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.relative = 0.4
"""


class BrokerMissing(Exception):
    """RabbitMQ is not installed; the text says how to get it."""


@dataclass(frozen=True)
class Ports:
    """Chosen once and remembered; epmd (Erlang's name server) is our own too, so that no other node is met."""

    amqp: int
    distribution: int
    epmd: int


def ports() -> Ports:
    """The ports of this home's node."""
    remembered = _directory() / "ports.json"
    if not remembered.exists():
        chosen = {"amqp": free_port(), "distribution": free_port(), "epmd": free_port()}
        _directory().mkdir(parents=True, exist_ok=True)
        remembered.write_text(json.dumps(chosen))
    return Ports(**json.loads(remembered.read_text()))


def broker_programs() -> list[Program]:
    """Erlang's name server and the node; their files are written on the way."""
    server = BINARIES / "rabbitmq-server"
    if not server.exists():
        raise BrokerMissing("RabbitMQ is not installed: run `make install`, or `apt-get install rabbitmq-server`")
    environment = _environment()
    (_directory() / "log").mkdir(parents=True, exist_ok=True)
    (_directory() / "enabled_plugins").write_text("[].\n")
    (_directory() / "rabbitmq.conf").write_text(
        _CONFIGURATION.format(amqp=ports().amqp, distribution=ports().distribution)
    )
    epmd = ["epmd", "-port", str(ports().epmd), "-address", "127.0.0.1"]
    return [
        Program("epmd", epmd, environment, stop_seconds=5, priority=50),
        Program("broker", [str(server)], environment, stop_seconds=60, priority=100),
    ]


def broker_listens() -> bool:
    return listens(ports().amqp)


def add_vhost(name: str, password: str) -> None:
    """Make a vhost with a user of its name who may do everything there."""
    everything = dict.fromkeys(("configure", "write", "read"), ".*")
    definitions = {
        "vhosts": [{"name": name}],
        "users": [broker_user(name, password)],
        "permissions": [{"user": name, "vhost": name} | everything],
        "policies": [_keep_set_aside(name)],
    }
    import_definitions(definitions)


def _keep_set_aside(vhost: str) -> dict[str, Any]:
    """RabbitMQ 4 drops what was put back 20 times into a quorum queue; whoever looks at a parked message does that."""
    return {
        "vhost": vhost,
        "name": "keep-set-aside",
        "pattern": r"(\.parked|^wellheard\.unrouted)$",
        "apply-to": "queues",
        "definition": {"delivery-limit": 1_000_000_000},
        "priority": 0,
    }


def partner_user(services_user: str, partner: str) -> str:
    """The broker user of a partner. Users are the node's, not the vhost's: the prefix keeps instances apart."""
    return f"{services_user}.{partner}"


def add_partner(vhost: str, services_user: str, partner: str, password: str) -> str:
    """Make a user who may publish to the exchange `wellheard.partners` of the vhost, and nothing else; its name."""
    user = partner_user(services_user, partner)
    only = r"^wellheard\.partners$"
    permission = {"user": user, "vhost": vhost, "configure": "^$", "write": only, "read": "^$"}
    import_definitions({"users": [broker_user(user, password)], "permissions": [permission]})
    return user


def remove_vhost(name: str) -> None:
    """Remove the vhost with everything in it, and the users who may do something there."""
    _evaluate(
        f'V = <<"{name}">>, Me = <<"wellheard">>,'
        " Users = [proplists:get_value(user, P) || P <- rabbit_auth_backend_internal:list_vhost_permissions(V)],"
        " rabbit_vhost:delete(V, Me), [rabbit_auth_backend_internal:delete_user(U, Me) || U <- Users], ok"
    )


def import_definitions(definitions: dict[str, Any]) -> None:
    """Add to the node what the definitions say; what is there already stays."""
    content = base64.b64encode(json.dumps(definitions).encode()).decode()
    _evaluate(f'ok = rabbit_definitions:import_raw(base64:decode("{content}"))')


def _evaluate(expression: str) -> None:
    """Evaluate Erlang on our node, in hundredths of a second: rabbitmqctl starts a virtual machine of its own for it.

    erl_call comes with Erlang, and finds the cookie in its home as rabbitmqctl does. It is a node as well, and of two
    of one name the second is turned away.
    """
    done = subprocess.run(
        ["erl_call", "-h", f"erl-{secrets.token_hex(4)}", "-n", NODE, "-e"],
        input=f"{expression}.\n",
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if not done.stdout.startswith("{ok,"):
        raise RuntimeError(f"the broker refused a change of its vhosts or users: {done.stderr or done.stdout[:500]}")


def control(*arguments: str) -> str:
    """Run rabbitmqctl against our node; returns what it printed, raises with what it complained of."""
    done = subprocess.run(
        [str(BINARIES / "rabbitmqctl"), "-q", *arguments],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"rabbitmqctl {arguments[0]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def amqp_url(vhost: str, user: str, password: str) -> str:
    return f"amqp://{quote(user)}:{quote(password)}@127.0.0.1:{ports().amqp}/{quote(vhost, safe='')}"


def credentials(url: str) -> tuple[str, str, str]:
    """User, password and vhost of an AMQP URL."""
    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or ""), unquote(parts.path[1:])


def broker_user(name: str, password: str) -> dict[str, Any]:
    """A user as definitions carry it, its password hashed as RabbitMQ does: salt and SHA-256 of salt and password."""
    salt = secrets.token_bytes(4)
    digest = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {
        "name": name,
        "password_hash": digest,
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
        "limits": {},
    }


def _directory() -> Path:
    return home() / "broker"


def _environment() -> dict[str, str]:
    base = _directory()
    base.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "HOME": str(base),  # Erlang's cookie lives here, not in the user's home
        "ERL_EPMD_PORT": str(ports().epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_BASE": str(base),
        "RABBITMQ_MNESIA_BASE": str(base / "data"),
        "RABBITMQ_LOG_BASE": str(base / "log"),
        "RABBITMQ_CONFIG_FILE": str(base / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(base / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(base / "rabbitmq-env.conf"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(base / "generated"),
        "RABBITMQ_FEATURE_FLAGS_FILE": str(base / "feature_flags"),
        "RABBITMQ_PID_FILE": str(base / "broker.pid"),
        # Busy-waiting schedulers would eat the cores that the services need.
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none",
    }
