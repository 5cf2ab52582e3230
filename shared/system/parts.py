"""The services on the bus as an operator sees them; a test compares this with the declarations in the code."""

from typing import NamedTuple


class Part(NamedTuple):
    """A service, the process that runs it (`wellheard run PROCESS`), and the queues that it empties."""

    service: str
    process: str
    queues: tuple[str, ...] = ()


PARTS = (
    Part("contacts", "contacts", ("contacts.segments",)),
    Part("events", "events", ("events.inbound", "events.photographs", "events.erasures")),
    Part("history", "history-search"),
    Part("history_projector", "history-projector", ("history.timeline", "history.erasures")),
    Part(
        "notifications",
        "notifications",
        ("notifications.answers", "notifications.consents", "notifications.occasions", "notifications.erasures"),
    ),
    Part("notifications_sender", "notifications-sender"),
    Part("surveys", "surveys", ("surveys.contributions", "surveys.responses")),
)
