"""An index as two processes would have it, and what is put into it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.history.index.port import IndexReader, IndexWriter
from services.history.index.queries import EntryQuery, NameQuery, Place
from services.history.records import ContactRecord, Entry, Folded

AT = datetime(2014, 1, 15, 10, 30, tzinfo=UTC)


def an_entry(id: str = "eng_1", **fields: Any) -> Entry:
    defaults: dict[str, Any] = {
        "id": id,
        "version": 1,
        "source": "events",
        "kind": "conversation",
        "title": "Parking at the clinic",
        "sentence": "Staff logged a conversation: Parking at the clinic",
        "occurred_at": AT,
        "recorded_at": AT,
    }
    return Entry(**(defaults | fields))


def a_record(name: str, id: str = "", **fields: Any) -> ContactRecord:
    return ContactRecord(id=id or f"con_{name}", name=name, **({"version": 1, "kind": "person"} | fields))


@dataclass
class IndexUnderTest:
    """A writer and a reader of one index, as two processes would have them."""

    writer: IndexWriter
    reader_of: Callable[[], IndexReader]
    position: int = 0
    _reader: list[IndexReader] = field(default_factory=list)

    @property
    def reader(self) -> IndexReader:
        if not self._reader:
            self._reader.append(self.reader_of())
        return self._reader[0]

    def add(self, *records: Entry | ContactRecord) -> None:
        # A contact never comes alone: its event is an entry as well.
        entries = [each for each in records if isinstance(each, Entry)]
        contacts = [each for each in records if isinstance(each, ContactRecord)]
        carriers = [an_entry(f"carrier_{each.id}", title="", kind="contact_registered") for each in contacts]
        folded = [Folded(each) for each in entries]
        folded += [Folded(entry, contact) for entry, contact in zip(carriers, contacts, strict=True)]
        self.position += len(folded)
        self.writer.put(folded, self.position)
        self.writer.commit()

    def find(self, q: str = "", **query: Any) -> list[str]:
        return [entry.id for entry, _ in self.reader.search(EntryQuery(q=q, **query)).hits]

    def people(self, q: str = "", limit: int = 100, **query: Any) -> list[tuple[str, int]]:
        return self.reader.people(EntryQuery(q=q, **query), limit)

    def total(self, q: str = "", **query: Any) -> int:
        return self.reader.search(EntryQuery(q=q, **query)).total

    def facet(self, name: str, **query: Any) -> dict[str, int]:
        return dict(self.reader.search(EntryQuery(facets=True, alternatives=True, **query)).facets[name])

    def snippet(self, q: str) -> str:
        ((_, snippet),) = self.reader.search(EntryQuery(q=q)).hits
        return snippet

    def walk(self, page: int, **query: Any) -> list[str]:
        """The ids of every page, by the cursor of the page before."""
        seen: list[str] = []
        after: Place | None = None
        while True:
            found = self.reader.search(EntryQuery(limit=page, after=after, **query))
            seen += [entry.id for entry, _ in found.hits]
            if (after := found.next) is None:
                return seen

    def names(self, q: str = "", **query: Any) -> list[str]:
        return [each.name for each in self.reader.find_contacts(NameQuery(q=q, **query)).contacts]
