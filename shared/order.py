"""The order of time as a text: what pages of a list, and windows of what is new, are asked by. Pure."""

from datetime import UTC, datetime


def order_of(at: datetime, later: int = 0) -> str:
    """Sorts by time: microseconds in hex, of a time that is so many microseconds later."""
    return f"{int(at.timestamp() * 1_000_000) + later:014x}"


def time_of(order: str) -> datetime:
    """The time that an order begins with, in UTC."""
    return datetime.fromtimestamp(int(order[:14], 16) / 1_000_000, UTC)
