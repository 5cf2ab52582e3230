"""Photographs that belong to a story or another engagement. Owned by services/events; publishes no events.

They are JPEG, made anew by the web from what was uploaded, so that nothing is in them but the picture.
"""

from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from shared.contracts.base import Done, Personal, Request, Value

PHOTOGRAPHS = "events.photographs"
"""The queue of what people send with a story."""
MOST_BYTES = 1_000_000
"""Of one photograph, as it is kept and as it travels: a message of the bus holds one."""
MOST_AT_ONCE = 4
MOST_OF_ONE = 20
"""Photographs of one engagement."""
Content = Annotated[str, Personal, Field(min_length=4, max_length=(MOST_BYTES + 2) // 3 * 4)]
"""JPEG without metadata, as base64."""


class SentPhotograph(Value):
    """What the web puts into the queue `events.photographs`, before the story that it belongs to is taken."""

    source: Annotated[str, Field(min_length=1, max_length=200)]
    external_id: Annotated[str, Field(min_length=1, max_length=200)]
    """Source and id of the story's event."""
    content: Content
    received_at: AwareDatetime


class Photograph(Value):
    """A photograph without its content."""

    photograph_id: str
    added_at: AwareDatetime
    added_by: str


class PhotographContent(Value):
    content: Content


class AddPhotograph(Request[Photograph]):
    """Add one to an engagement; the same content again is the same photograph.

    Invalid for what is no JPEG or holds more than a picture; Conflict beyond 20, and for an engagement of somebody who
    has been erased. NotFound as GetEngagement.
    """

    service: ClassVar[str] = "events"
    reply: ClassVar = Photograph
    engagement_id: str
    content: Content
    sensitive: bool = False
    by: str = "staff"


class GetPhotograph(Request[PhotographContent]):
    """NotFound as GetEngagement, and for one that was removed."""

    service: ClassVar[str] = "events"
    reply: ClassVar = PhotographContent
    engagement_id: str
    photograph_id: str
    sensitive: bool = False


class RemovePhotograph(Request[Done]):
    """Its content is gone for good; again, it changes nothing. NotFound as GetEngagement."""

    service: ClassVar[str] = "events"
    reply: ClassVar = Done
    engagement_id: str
    photograph_id: str
    sensitive: bool = False
