"""Every setting of Wellheard, read from `WELLHEARD_*` in the environment or from the instance's own env file.

An instance is a state directory. `make up` writes `instance.env` into it (broker vhost and user, database
prefix, port); every command run with the same `WELLHEARD_STATE_DIR` finds the same instance there.
"""

import os
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic_settings import BaseSettings, SettingsConfigDict

INSTANCE_FILE = "instance.env"
_ELASTIC_PORT = 9200


class Settings(BaseSettings):
    """The settings of one instance. URLs carry credentials: never log them."""

    model_config = SettingsConfigDict(env_prefix="WELLHEARD_", env_ignore_empty=True, extra="ignore")

    state_dir: Path = Path(".wellheard")
    amqp_url: str = "amqp://127.0.0.1:5672/%2F"
    mongo_url: str = "mongodb://127.0.0.1:27017/wellheard"
    """The path of the URL is the prefix of the databases: `/wellheard` -> `wellheard_contacts`, ..."""
    search_url: str = ""
    """`tantivy:///absolute/path`, or Elasticsearch: `https://host:9200,other:9200/prefix`, its indices begin with the
    path (`wellheard`). Empty: `index/` in the state directory."""
    search_api_key: str = ""
    """Of Elasticsearch, as it is shown when it is made (base64); or `user:password@` in the URL."""
    search_ca_file: Path | None = None
    """Whom to trust about the certificate of Elasticsearch. Empty: the public authorities."""
    host: str = "127.0.0.1"
    """Address the web listens on. Beyond 127.0.0.1 put a proxy with TLS before it, and its address in `base_url`."""
    port: int = 8000
    base_url: str = ""
    """The address people and partners use. Empty: `http://127.0.0.1:<port>`."""
    secret: str = ""
    """Signs receipts and CSRF tokens. Written by set-up; no default."""
    demo: bool = False
    """An instance with invented people and accounts whose passwords `make up` prints."""
    partner_requests_per_second: int = 500
    partner_events_per_second: int = 5000
    smtp_url: str = "smtp://127.0.0.1:25"
    """The mail server: `smtp://user:password@host:port` (STARTTLS when offered) or `smtps://…`."""
    mail_from: str = ""
    """Who messages come from: `Name <address>`. Empty: `no-reply@` the host of the public address."""
    mail_sessions: int = 4
    """Connections that mailings are sent over; notices have one of their own."""
    rpc_timeout: float = 10.0
    """Seconds a caller waits for an answer over RPC."""

    @property
    def index_dir(self) -> Path:
        """The directory of the tantivy index."""
        if self.search_url.startswith("tantivy://"):
            return Path(unquote(urlsplit(self.search_url).path))
        return (self.state_dir / "index").absolute()

    @property
    def search_hosts(self) -> list[str]:
        """The nodes of Elasticsearch that are asked; none when the index is tantivy's."""
        scheme, _, rest = self.search_url.partition("://")
        if scheme not in ("http", "https"):
            return []
        nodes = rest.partition("/")[0].rpartition("@")[2].split(",")
        return [f"{scheme}://{each if urlsplit(f'//{each}').port else f'{each}:{_ELASTIC_PORT}'}" for each in nodes]

    @property
    def search_login(self) -> tuple[str, str] | None:
        """User and password of Elasticsearch, where it is not a key."""
        login, at, _ = urlsplit(self.search_url).netloc.rpartition("@")
        user, _, password = login.partition(":")
        return (unquote(user), unquote(password)) if at and self.search_hosts else None

    @property
    def search_prefix(self) -> str:
        """How the names of all indices of this installation begin."""
        return urlsplit(self.search_url).path.strip("/") or "wellheard"

    @property
    def public_url(self) -> str:
        return (self.base_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def mail_folder(self) -> Path:
        """Where the demo's own mail server keeps what it takes."""
        return (self.state_dir / "mail").absolute()

    @property
    def mail_sender(self) -> str:
        return self.mail_from or f"Wellheard <no-reply@{self.mail_host}>"

    @property
    def mail_host(self) -> str:
        """What a sender calls itself to mail servers."""
        return urlsplit(self.public_url).hostname or "localhost"

    @property
    def amqp_user(self) -> str:
        """The broker user of our own services: only messages of this user may say whom they speak for."""
        return unquote(urlsplit(self.amqp_url).username or "guest")


@cache
def get_settings() -> Settings:
    """The settings of this process: environment first, then the instance's env file."""
    state_dir = Path(os.environ.get("WELLHEARD_STATE_DIR", ".wellheard"))
    return Settings(_env_file=state_dir / INSTANCE_FILE, state_dir=state_dir)
