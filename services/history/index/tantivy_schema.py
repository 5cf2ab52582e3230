"""The schema of the tantivy index, its analysers, and how records become its documents.

Entries and contacts stand in one index, told apart by `doc`: one commit makes an event's entry and contact visible
together, and after a crash there is one position to catch up from.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from tantivy import (
    Document,
    Filter,
    Index,
    Schema,
    SchemaBuilder,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)

from services.history.index.port import IndexBusy, IndexLost
from services.history.index.words import Analyse, entry_key, fold_name, name_key
from services.history.records import ContactRecord, Entry
from shared.contracts.history import FACETS

LONDON = ZoneInfo("Europe/London")
LIVING = ("person", "organisation")
MERGED = "merged"
"""The kind, for a look-up by name, of a contact that another one stands for."""
WITHDRAWN = "withdrawn"
"""The kind of a contact that is not to be found."""
_EXACT = ("doc", "contact", "about", "reported_by")
_LONGEST_WORD = 200
_NOTHING = (None, ())
Record = Entry | ContactRecord


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    for name in _EXACT:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field("sort", tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_boolean_field("sensitive", indexed=True)
    builder.add_integer_field("position", fast=True)
    for name in ("head", "text"):
        builder.add_text_field(name, tokenizer_name="english")
    builder.add_text_field("words", tokenizer_name="plain", index_option="basic")  # unstemmed, for beginnings of words
    builder.add_text_field("name", tokenizer_name="folded", index_option="basic")
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


def _analyser(*more: Filter) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (Filter.remove_long(_LONGEST_WORD), Filter.lowercase(), Filter.ascii_fold(), *more):
        builder = builder.filter(step)
    return builder.build()


SCHEMA = _schema()
PLAIN = _analyser()
ENGLISH = _analyser(Filter.stemmer("english"))


def analyse(text: str) -> list[tuple[str, int, int]]:
    """(term, start, end) of each word, as it is indexed."""
    return [(each.text, each.char_offset_from, each.char_offset_to) for each in ENGLISH.pre_tokenize(text).tokens]


def analyse_as(beginning: str) -> Analyse:
    """`analyse`, where every word that begins so counts as the beginning itself."""
    if not beginning:
        return analyse

    def analyse_beginnings(text: str) -> list[tuple[str, int, int]]:
        words = PLAIN.pre_tokenize(text).tokens
        return [
            (beginning if word.text.startswith(beginning) else term, start, end)
            for word, (term, start, end) in zip(words, analyse(text), strict=True)
        ]

    return analyse_beginnings


def open_index(path: Path, *, create: bool = False) -> Index:
    """The index in this directory, with its analysers; raises IndexLost when there is none that can be read."""
    with losing():
        if create:
            path.mkdir(parents=True, exist_ok=True)
        # A schema of another version of Wellheard is refused here: the index is built again from the log.
        index = Index(SCHEMA, path=str(path)) if create else _opened(path)
        index.register_tokenizer("english", ENGLISH)
        index.register_tokenizer("plain", PLAIN)
        index.register_tokenizer("folded", TextAnalyzerBuilder(Tokenizer.whitespace()).build())
        index.config_reader(reload_policy="manual")
        return index


def _opened(path: Path) -> Index:
    if not (path / "meta.json").exists():
        raise IndexLost(f"there is no index in {path.name}")
    return Index(SCHEMA, path=str(path))


@contextmanager
def losing() -> Iterator[None]:
    """Turns what tantivy and the disk raise into the errors of the port."""
    try:
        yield
    except (ValueError, OSError) as error:  # tantivy knows no other exception
        if "LockBusy" in str(error):
            raise IndexBusy("another process writes this index") from None
        raise IndexLost(str(error)) from error


def file_stamp(path: Path) -> tuple[int, int] | None:
    """Differs after each replacement of the file; None when it is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino


def key_of(record: Record) -> str:
    return f"{type(record).__name__}:{record.id}"


def document(record: Record, position: int) -> Document:
    fields = _entry_fields(record) if isinstance(record, Entry) else _contact_fields(record)
    fields |= {
        "key": key_of(record),
        "doc": type(record).__name__,
        "group": record.groups,
        "position": position,
        "stored": record.to_json(),
    }
    # tantivy takes lists, and neither None nor nothing.
    found = {
        name: [*value] if type(value) is tuple else value for name, value in fields.items() if value not in _NOTHING
    }
    return Document.from_dict(found, SCHEMA)


def _entry_fields(entry: Entry) -> dict[str, object]:
    head = (entry.title, *entry.names)
    text = (*head, entry.body, *entry.topics)
    return {
        "sort": entry_key(entry.occurred_at, entry.id),
        "source": entry.source,
        "kind": entry.kind,
        "channel": entry.channel,
        "topic": entry.topics,
        "partner": entry.partner,
        "locality": tuple(dict.fromkeys(filter(None, (entry.locality, *entry.localities)))),
        "about": entry.about,
        "month": f"{entry.occurred_at.astimezone(LONDON):%Y-%m}",
        "contact": entry.contact_ids,
        "sensitive": entry.sensitive,
        "head": head,
        "text": text,
        "words": text,
    }


def _contact_fields(contact: ContactRecord) -> dict[str, object]:
    return {
        "sort": name_key(contact.name, contact.id),
        "kind": MERGED if contact.merged_into else WITHDRAWN if contact.withdrawn else contact.kind,
        "locality": contact.locality,
        "reported_by": contact.reported_by,
        "name": fold_name(contact.name),
    }
