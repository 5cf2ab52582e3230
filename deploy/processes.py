"""The processes of one instance: the one registry of what `wellheard run NAME` can run."""

PROCESSES: dict[str, str] = {
    "contacts": "services.contacts.service:build",
    "events": "services.events.service:build",
    "history-projector": "services.history.projector:build",
    "history-search": "services.history.search:build",
    "notifications": "services.notifications.service:build",
    "notifications-sender": "services.notifications.sender:build",
    "surveys": "services.surveys.service:build",
    "web": "services.web.app:build_app",
}
"""Name -> module and function that wires it; `web` is an ASGI application, the others are services on the bus."""

PLAIN = ("notifications-sender",)
"""Those of the services that run in ordinary threads: their work would stand still in eventlet's."""
