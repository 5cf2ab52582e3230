"""History: the search over everything that was said. Owned by services/history; publishes no events."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from shared.contracts.base import Personal, Request, Value
from shared.contracts.contacts import ContactKind
from shared.contracts.events import Link

Sort = Literal["relevance", "newest", "oldest"]
MOST_PEOPLE = 1_000
"""People of an organisation whose engagements stand on its timeline."""
MOST_TOGETHER = 10
FACETS = ("source", "kind", "channel", "topic", "locality", "group", "partner", "month")

Condition = Literal["kind", "channel", "topic", "locality", "group", "partner", "period", "filters", "part"]
"""Of a search: a filter, its first and last day, all of them together, or a part of what was typed."""


class Reader(Value):
    """Whose eyes: what may be found is decided inside the query, so counts never leak."""

    partner: str | None = None
    """Only what this partner reported; None: everything."""
    sensitive: bool = False
    """May see sensitive entries."""


class Belonging(Value):
    """A person of an organisation, from a local day to a day, both included; None: not known, or not ended."""

    contact_id: str
    since: date | None = None
    until: date | None = None


class NamedContact(Value):
    id: str
    name: Annotated[str, Personal]


class HistoryItem(Value):
    """One entry of the timeline, ready to be shown."""

    id: str
    """The entry's id: the engagement's id, or the id of the event it came from."""
    engagement_id: str | None = None
    about: tuple[str, ...] = ()
    """Ids of what it belongs to: a meeting of the calendar, a consultation, a survey."""
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    source: str
    """The service that told of it: `events` what was said, `contacts` who somebody is and what they allow,
    `notifications` messages, `surveys` that one was answered, `cases` what became of a question or a complaint,
    `meetings` what is planned in the calendar."""
    kind: str
    """A kind of engagement, or what has happened: `contact_registered`, `consent_given`, `message_sent` .."""
    channel: str | None = None
    title: Annotated[str, Personal]
    sentence: Annotated[str, Personal]
    """What happened, as a sentence a person can read."""
    snippet: Annotated[str, Personal] = ""
    """Escaped HTML text with `<mark>` only."""
    contacts: Annotated[tuple[NamedContact, ...], Personal] = ()
    """Those that took part, with the names they have now."""
    more_contacts: int = 0
    """Recipients of the same message that are not among `contacts`."""
    mentions: Annotated[tuple[str, ...], Personal] = ()
    """Names on the engagement that belong to no contact."""
    partner: str | None = None
    topics: tuple[str, ...] = ()
    locality: str | None = None
    links: tuple[Link, ...] = ()
    sensitive: bool = False
    sentiment: str | None = None
    direction: str | None = None
    corrected: bool = False
    steps: Annotated[tuple[str, ...], Personal] = ()
    """How a meeting of the calendar came about, the first step first."""


class FacetCount(Value):
    value: str
    count: int


class Suggestion(Value):
    """A search that was probably meant: its words stand in entries which this reader may see."""

    q: Annotated[str, Personal]
    total: int
    """Found by it, under the same filters, or without them."""
    unfiltered: bool = False
    """It finds nothing under the filters: the total is without them."""


class Looser(Value):
    """One condition of a search that has found nothing, and what is found without it."""

    condition: Condition
    part: Annotated[str, Personal] = ""
    """Of `q`, as typed, when the condition is a part of it."""
    q: Annotated[str, Personal] = ""
    """The search without the condition."""
    total: int


class HistoryPage(Value):
    total: int
    """Exact."""
    items: tuple[HistoryItem, ...]
    facets: dict[str, tuple[FacetCount, ...]] = Field(default_factory=dict)
    next_cursor: str | None = None
    rebuilding: bool = False
    """True while the index is being rebuilt and may not hold everything yet."""
    most_words: bool = False
    """True when no entry has all of the words: these have most of them."""
    begun_again: bool = False
    """True when the cursor led nowhere and this is the first page instead."""
    suggestion: Suggestion | None = None
    looser: tuple[Looser, ...] = ()
    """Of a search with `advice` that finds nothing, or hardly anything."""
    together: tuple[NamedContact, ...] = ()
    """Whom the search asked for by `together`, under the names they have now."""


class SearchHistory(Request[HistoryPage]):
    """Search entries. `q`: all words required, "a phrase" in quotes, empty is everything; no query is an error.

    Values of one filter are alternatives, different filters all apply. `from_` and `to` are local days
    (Europe/London), both included.
    Invalid: `q` longer than 500 characters, a cursor that is not ours (but see `begin_again`).
    """

    service: ClassVar[str] = "history"
    reply: ClassVar = HistoryPage
    q: Annotated[str, Personal] = ""
    prefix: bool = False
    """While one types: the last word, of three letters or more and not in quotes, may be the beginning of a word."""
    forgiving: bool = False
    """For people: little words (the, of, at) are not required; a name is found by whom it names, too; where no entry
    has all the others, what has most of them is found (`most_words`)."""
    contact_id: str | None = None
    people: Annotated[tuple[Belonging, ...], Field(max_length=MOST_PEOPLE)] = ()
    """Besides what is about `contact_id`: what these people said while they belonged to it."""
    about: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """Only what belongs to one of these: a consultation and its surveys, by id."""
    together: Annotated[tuple[str, ...], Field(max_length=MOST_TOGETHER)] = ()
    """Only what each of these contacts took part in, by id; `with:` in `q` does so by name."""
    source: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    locality: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    partner: tuple[str, ...] = ()
    from_: date | None = None
    to: date | None = None
    sort: Sort = "relevance"
    """Relevance with an empty `q` is newest."""
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None
    begin_again: bool = False
    """For pages: a cursor that is not ours is answered with the first page."""
    facets: bool = True
    alternatives: bool = False
    """For check boxes: the facet of a field that is filtered counts as if that filter were not set."""
    advice: bool = False
    """When nothing is found, or hardly anything: what was probably meant, which condition excludes everything."""
    reader: Reader = Reader()


class GetEntry(Request[HistoryItem]):
    """One entry by id; NotFound also when the reader may not see it."""

    service: ClassVar[str] = "history"
    reply: ClassVar = HistoryItem
    entry_id: str
    reader: Reader = Reader()


class FoundContact(Value):
    """A contact in a list, with what its timeline holds for this reader."""

    id: str
    name: Annotated[str, Personal]
    highlighted: Annotated[str, Personal] = ""
    """The name as escaped HTML with `<mark>` only."""
    kind: ContactKind
    locality: str | None = None
    practice: str | None = None
    groups: tuple[str, ...] = ()


class ContactPage(Value):
    total: int
    items: tuple[FoundContact, ...]
    next_cursor: str | None = None
    rebuilding: bool = False


class SearchContacts(Request[ContactPage]):
    """Contacts by name, as one types: every word is a prefix, one or two typos are forgiven, the best first.

    Empty `q`: all contacts by name. `limit` up to 100.
    """

    service: ClassVar[str] = "history"
    reply: ClassVar = ContactPage
    q: Annotated[str, Personal] = ""
    locality: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: str | None = None
    reader: Reader = Reader()


EngineState = Literal["green", "yellow", "red", "away"]


class HistoryStatus(Value):
    """How the search process sees the engine and the index; None: what cannot be told just now."""

    engine: str
    """tantivy or elasticsearch"""
    state: EngineState
    """green: all is well; yellow: a copy is missing; red: a part cannot be searched; away: no answer, or no index."""
    entries: int | None = None
    contacts: int | None = None
    position: int | None = None
    """How far in the log of events the index has come."""
    rebuilding: bool
    last_recorded_at: AwareDatetime | None = None


class GetHistoryStatus(Request[HistoryStatus]):
    service: ClassVar[str] = "history"
    reply: ClassVar = HistoryStatus


class IndexSwapped(Value):
    """The name of the index that now serves, and the entries it holds."""

    name: str
    entries: int


class SwapIndex(Request[IndexSwapped]):
    """Catch up the index `name` (built by `wellheard rebuild`) from the log and let it serve. The projector answers."""

    service: ClassVar[str] = "history_projector"
    reply: ClassVar = IndexSwapped
    name: str
    begun_at: AwareDatetime | None = None
    """When its building began: what an erasure has rewritten since is put right in it. None: whenever it was."""
    keep: bool = True
    """The one that served stays, so that one can go back to it, until the next rebuild or the next erasure."""
