"""The index in a directory, by tantivy: one writer, and readers in other processes that follow its commits."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import orjson
from tantivy import Index, Order, Query, Searcher

from services.history.index import tantivy_terms
from services.history.index.analysis import read_words
from services.history.index.fields import MERGED, WITHDRAWN, Counts, facets_of, hits, newest
from services.history.index.port import IndexLost
from services.history.index.queries import ContactHits, EntryPage, EntryQuery, Member, NameQuery, Pair, Place
from services.history.index.tantivy_pages import Beyond, R, Search, read_page, stored
from services.history.index.tantivy_queries import at_most, between, count, like, number, people, unwanted, visible
from services.history.index.tantivy_schema import document, file_stamp, losing, open_index
from services.history.index.tantivy_terms import among, either, every, filtered, term
from services.history.index.tiers import entry_tiers, name_tiers, names_with
from services.history.index.words import name_key
from services.history.records import ContactRecord, Entry, Folded
from shared import failpoints
from shared.contracts.history import Reader
from shared.messaging.threads import beside

_WINDOW = 1_000
Entries = Sequence[Entry]
_FEW = 5_000
"""Entries that are counted sooner than another thread has taken the work on."""
_NOT_LIVING = [term("kind", each) for each in (MERGED, WITHDRAWN)]


class TantivyWriter:
    """Writes the index in `path`, made when it is not there. Raises IndexBusy while another process does."""

    def __init__(self, path: Path, heap_bytes: int = 50_000_000, threads: int = 1) -> None:
        self._index = open_index(path, create=True)
        with losing():
            self._writer = self._index.writer(heap_bytes, threads)
            self._searcher = _reloaded(self._index)
            self.position: int = _position(self._searcher)
        self._uncommitted: dict[str, int] = {}

    def put(self, folded: Sequence[Folded], position: int) -> None:
        self._put(folded, position, lambda known, new: known < new)
        self.position = position

    def put_again(self, folded: Sequence[Folded]) -> None:
        self._put(folded, self.position, lambda known, new: known <= new)

    def _put(self, folded: Sequence[Folded], position: int, replaces: Callable[[int, int], bool]) -> None:
        records = newest(folded)
        known = self._stored_versions(list(records)) | {
            key: self._uncommitted[key] for key in records.keys() & self._uncommitted.keys()
        }
        newer = {key: each for key, each in records.items() if key not in known or replaces(known[key], each.version)}
        documents = [document(each, position) for each in newer.values()]
        with losing():
            for key in newer.keys() & known.keys():
                self._writer.delete_documents_by_term("key", key)
            for each in documents:
                self._writer.add_json(each)
                failpoints.reach("index.mid_put")
        self._uncommitted |= {key: each.version for key, each in newer.items()}

    def commit(self) -> None:
        if not self._uncommitted:
            return
        failpoints.reach("index.before_commit")
        with losing():
            self._writer.commit()
            self._searcher = _reloaded(self._index)
        failpoints.reach("index.after_commit")
        self._uncommitted.clear()

    def close(self) -> None:
        try:
            self.commit()
        finally:
            with losing():
                self._writer.wait_merging_threads()  # gives the lock back as well

    def abandon(self) -> None:
        for end in (self._writer.rollback, self._writer.wait_merging_threads):
            with suppress(IndexLost, RuntimeError), losing():  # RuntimeError: it has ended before
                end()

    def _stored_versions(self, keys: list[str]) -> dict[str, int]:
        """Versions of those that are in the index already: seldom any, so it is asked first whether there is one.

        To look each key up costs 2 us, to search for all of them 15 us a key.
        """
        with losing():
            there = [key for key in keys if self._searcher.doc_freq("key", key)]
            if not there:
                return {}
            hits = self._searcher.search(among("key", there), len(there), False).hits
            documents = [self._searcher.doc(address) for _, address in hits]
        return {each["key"][0]: orjson.loads(stored(each))["version"] for each in documents}


class TantivyReader:
    """Searches the index in `path` as it was last committed (one stat a query)."""

    def __init__(self, path: Path) -> None:
        self._meta = path / "meta.json"
        self._index = open_index(path)
        self._seen: tuple[int, int] | None = None
        self._searcher = self._fresh()

    def search(self, query: EntryQuery) -> EntryPage:
        words = read_words(query)
        with losing():
            searcher = self._fresh()
            order = Order.Asc if query.sort == "oldest" else Order.Desc
            tiers = entry_tiers(tantivy_terms, words, query.sort)
            search = Search(self._entry_scope(query), unwanted(query), tiers, order)
            counted = None
            if not (_is_counted_on_the_way(search, query) or at_most(searcher, query, words) <= _FEW):
                counted = beside(partial(self._count, searcher, search, query))
            page = read_page(searcher, Entry, search, self._beyond(order), query.after, query.limit)
            found = hits(page.records, words)  # while the other thread counts
            total, facets = counted() if counted else self._count(searcher, search, query, page.total, page.records)
        return EntryPage(total, found, facets, page.next)

    def _count(
        self, searcher: Searcher, search: Search, query: EntryQuery, total: int | None = None, page: Entries = ()
    ) -> tuple[int, Counts]:
        """The total and the facets; the total and the page may be known already, and say it all."""
        facets: Counts = {}
        if total is None or (query.facets and total > len(page)):
            total, facets = count(searcher, search.everything, query.counted if query.facets else ())
        elif query.facets:
            facets = facets_of(page, query.counted)
        if query.facets and query.alternatives:
            facets |= self._facets_of_filters(searcher, query, search)
        return total, facets

    def _facets_of_filters(self, searcher: Searcher, query: EntryQuery, search: Search) -> Counts:
        """Of each filter that is set, what its other values would find."""
        facets: Counts = {}
        for name in (name for name, values in query.filters.items() if values):
            wider = search._replace(must=self._entry_scope(query, without=name))
            facets |= count(searcher, wider.everything, (name,))[1]
        return facets

    def people(self, query: EntryQuery, limit: int) -> list[tuple[str, int]]:
        words = read_words(query)
        with losing():
            tiers = entry_tiers(tantivy_terms, words, query.sort)
            found = Search(self._entry_scope(query), unwanted(query), tiers, Order.Desc).everything
            return people(self._fresh(), found, limit)

    def find_contacts(self, query: NameQuery) -> ContactHits:
        tiers = name_tiers(tantivy_terms, query.q)
        scope = filtered(query.filters)
        if query.partner is not None:
            scope.append(term("reported_by", query.partner))
        with losing():
            searcher = self._fresh()
            search = Search([*_of_contacts(query.q), *scope], _NOT_LIVING, tiers, Order.Asc)
            beyond = self._beyond(search.order)
            page = read_page(searcher, ContactRecord, search, beyond, self._by_name(query.after), query.limit)
            total = number(searcher, search.everything) if page.total is None else page.total
        return ContactHits(total, page.records, Place(page.next.tier, page.records[-1].id) if page.next else None)

    def contacts(self, ids: Sequence[str]) -> dict[str, ContactRecord]:
        if not ids:
            return {}
        keys = [f"ContactRecord:{each}" for each in ids]
        with losing():
            searcher = self._fresh()
            hits = searcher.search(among("key", keys), len(keys), False).hits
            found = [ContactRecord.from_json(stored(searcher.doc(address))) for _, address in hits]
        return {each.id: each for each in found}

    def namesakes(self, pairs: Sequence[Pair], limit: int) -> list[ContactRecord]:
        with losing():
            search = Search((), _NOT_LIVING, [names_with(tantivy_terms, pairs)], Order.Asc)
            return read_page(self._fresh(), ContactRecord, search, self._beyond(search.order), None, limit).records

    def entry(self, entry_id: str, reader: Reader) -> Entry | None:
        with losing():
            searcher = self._fresh()
            query = every([term("key", f"Entry:{entry_id}"), *visible(reader)])
            hits = searcher.search(query, 1, False).hits
            return Entry.from_json(stored(searcher.doc(hits[0][1]))) if hits else None

    def counts(self) -> tuple[int, int]:
        with losing():
            searcher = self._fresh()
            return number(searcher, term("doc", "Entry")), number(searcher, term("doc", "ContactRecord"))

    def position(self) -> int:
        with losing():
            return _position(self._fresh())

    def latest(self) -> Entry | None:
        with losing():
            searcher = self._fresh()
            hits = searcher.search(term("doc", "Entry"), 1, False, order_by_field="position").hits
            return Entry.from_json(stored(searcher.doc(hits[0][1]))) if hits else None

    def entries(self) -> Iterator[Entry]:
        return self._all(Entry)

    def all_contacts(self) -> Iterator[ContactRecord]:
        return self._all(ContactRecord)

    def _all(self, kind: type[R]) -> Iterator[R]:
        """Everything of one kind, read by one searcher: a commit in between changes nothing."""
        search, place = Search((), (), [term("doc", kind.__name__)], Order.Asc), None
        with losing():
            searcher, beyond = self._fresh(), self._beyond(search.order)
            while True:
                page = read_page(searcher, kind, search, beyond, place, _WINDOW)
                yield from page.records
                place = page.next
                if place is None:
                    return

    def _by_name(self, after: Place | None) -> Place | None:
        """The place among the names of the contact that a page ended with; the first when it is not known."""
        known = self.contacts([after.key]) if after else {}
        return Place(after.tier, name_key(known[after.key].name, after.key)) if after and known else None

    def _beyond(self, order: Order) -> Beyond:
        # Ranges of text can be asked through the query parser only; keys are digits and letters.
        beyond = "sort:{{{} TO *]" if order == Order.Asc else "sort:[* TO {}}}"
        return lambda key: self._index.parse_query(beyond.format(key))

    def _entry_scope(self, query: EntryQuery, without: str = "") -> list[Query]:
        """What applies besides the words, `without` one of the filters."""
        scope = [*visible(query.reader), *filtered(query.filters, without), *filtered(query.with_values)]
        scope += filtered({"about": query.about})
        scope += [each for ids in query.taking_part for each in filtered({"contact": ids})] + like(query)
        if query.contact_ids or query.members:
            members = [self._of_member(each) for each in query.members]
            scope.append(either([*filtered({"contact": query.contact_ids}), *members]))
        return scope + between(query.since, query.before)

    def _of_member(self, member: Member) -> Query:
        whose = filtered({"contact": member.contact_ids, "source": member.sources})
        return every([*whose, *between(member.since, member.before)])

    def _fresh(self) -> Searcher:
        """As of the last commit; while that cannot be read (a disk gone read-only), what is open still answers."""
        changed = file_stamp(self._meta)
        if changed is not None and changed != self._seen:
            try:
                with losing():
                    self._searcher, self._seen = _reloaded(self._index), changed
            except IndexLost:
                if self._seen is None:
                    raise
        return self._searcher


def _position(searcher: Searcher) -> int:
    latest = searcher.search(Query.all_query(), 1, False, order_by_field="position").hits
    return int(latest[0][0]) if latest else 0


def _reloaded(index: Index) -> Searcher:
    index.reload()
    return index.searcher()


def _is_counted_on_the_way(search: Search, query: EntryQuery) -> bool:
    """Whether a page tells the total, and there is nothing else to count."""
    return not query.facets and query.after is None and len(search.tiers) == 1


def _of_contacts(q: str) -> list[Query]:
    """Only contacts have a name: who asks for one need not ask for contacts, of which there are many."""
    return [] if q.strip() else [term("doc", "ContactRecord")]
