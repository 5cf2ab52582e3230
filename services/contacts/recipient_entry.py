"""The entry points of whoever sends messages: to whom, and what each allows. A part of the contacts service."""

from services.contacts.segments.book import SegmentBook
from shared.contracts.consent import FindRecipients, ListRecipients, RecipientPage
from shared.messaging import rpc


class RecipientEntry:
    """What is asked before a message is sent; whoever inherits makes the book."""

    _segments: SegmentBook

    @rpc
    def list_recipients(self, request: ListRecipients) -> RecipientPage:
        return self._segments.recipients(request)

    @rpc
    def find_recipients(self, request: FindRecipients) -> RecipientPage:
        return self._segments.find_recipients(request)
