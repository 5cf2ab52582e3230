"""The schema of the tantivy index, and how records become its documents.

Entries and contacts stand in one index, told apart by `doc`: one commit makes an event's entry and contact visible
together, and after a crash there is one position to catch up from.
"""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from tantivy import (
    Index,
    Schema,
    SchemaBuilder,
    TextAnalyzerBuilder,
    Tokenizer,
)

from services.history.index.analysis import ENGLISH, PLAIN
from services.history.index.fields import Record, contact_fields, entry_fields, key_of
from services.history.index.numbers import name_number, time_number
from services.history.index.port import IndexBusy, IndexLost
from services.history.records import ContactRecord, Entry
from shared.contracts.history import FACETS

_EXACT = ("doc", "contact", "about", "reported_by")
_NOTHING = (None, ())


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    for name in _EXACT:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=name == "contact")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field("sort", tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("order", fast=True)  # the number of `sort`
    builder.add_boolean_field("sensitive", indexed=True)
    builder.add_integer_field("position", fast=True)
    for name in ("head", "text"):
        builder.add_text_field(name, tokenizer_name="english")
    builder.add_text_field("words", tokenizer_name="plain", index_option="basic")  # unstemmed, for beginnings of words
    for name in ("name", "beginnings"):
        builder.add_text_field(name, tokenizer_name="folded", index_option="basic")
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


SCHEMA = _schema()


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


def document(record: Record, position: int) -> str:
    """As JSON, which tantivy reads in half of the time that it takes to fetch values of Python and to copy them."""
    fields = _entry_fields(record) if isinstance(record, Entry) else _contact_fields(record)
    fields |= {
        "key": key_of(record),
        "doc": type(record).__name__,
        "position": position,
        "stored": b64encode(record.to_json()).decode(),
    }
    # tantivy takes neither None nor nothing.
    return orjson.dumps({name: value for name, value in fields.items() if value not in _NOTHING}).decode()


def _entry_fields(entry: Entry) -> dict[str, object]:
    fields = entry_fields(entry)
    return fields | {"words": fields["text"], "order": time_number(str(fields["sort"]))}


def _contact_fields(contact: ContactRecord) -> dict[str, object]:
    fields = contact_fields(contact)
    return fields | {"order": name_number(str(fields["name"]))}
