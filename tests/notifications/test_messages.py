"""The message itself: what a recipient's program reads is what was written, and no value can break out."""

import email
import email.policy
import os
from email.message import EmailMessage
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.content import compile_content
from services.notifications.domain import Outcome
from services.notifications.journal import Journal, read_journal
from services.notifications.skeleton import Content, Skeleton, header_text, mailbox, told_to_all
from services.notifications.tokens import Place, Tokens
from tests.builders import a_mailing_draft

PLACE = Place("mlg_" + os.urandom(16).hex(), 1, 40, 499)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@given(name=st.text(max_size=200), subject=st.text(max_size=200))
def test_whatever_a_name_or_a_subject_holds_the_headers_stay_ours(name: str, subject: str) -> None:
    skeleton = Skeleton(Content("{name|x} " + subject, "<p>{name}</p>", "{name}"), {"From": "a@example.org"})
    message = read(skeleton.render([("To", mailbox(name, "b@example.org"))], {"name": name}))
    allowed = ["From", "To", "Subject", "MIME-Version", "Content-Type"]
    assert message.keys() == allowed
    assert [each.addr_spec for each in message["To"].addresses] == ["b@example.org"]


@given(value=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=300))
def test_a_value_comes_out_as_it_went_in(value: str) -> None:
    skeleton = Skeleton(Content("s", "<p>.{name}.</p>", "Dear {name},\n.{name}\nend"), {"From": "a@example.org"})
    content = skeleton.render([], {"name": value})
    assert text_of(read(content), "plain") == f"Dear {value},\n.{value}\nend"
    assert all(len(line) < 100 and not line.startswith(b".") for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_value_in_html_is_escaped_and_an_empty_one_has_its_default() -> None:
    skeleton = Skeleton(Content("Hello {name|friend}", "<p>{name|friend}</p>", "{name|friend}"), {})
    assert "&lt;script&gt;" in text_of(read(skeleton.render([], {"name": "<script>"})), "html")
    message = read(skeleton.render([], {"name": ""}))
    assert message["Subject"] == "Hello friend"
    assert text_of(message, "plain") == "friend"


def test_where_nobody_in_particular_reads_a_subject_it_shows_no_merge_field() -> None:
    assert told_to_all("News for {first_name|you}, {name}") == "News for you, …"


def test_a_header_beyond_ascii_is_read_back_whole() -> None:
    subject = "Ärztliche Versorgung für alle – 日本語のお知らせです " * 3
    assert all(len(line) <= 76 for line in header_text(subject).split("\r\n"))
    assert read(f"Subject: {header_text(subject)}\r\n\r\n".encode())["Subject"] == subject.strip()


def test_a_token_leads_back_and_cannot_be_made_up_or_used_for_another_end() -> None:
    tokens = Tokens("secret")
    token = tokens.make("unsubscribe", PLACE)
    assert len(token) == 48
    assert tokens.read("unsubscribe", token.upper()) == PLACE
    assert tokens.read("bounce", token) is None
    assert Tokens("other").read("unsubscribe", token) is None
    assert tokens.read("unsubscribe", "a" + token[1:]) is None or token[0] == "a"
    assert tokens.read("unsubscribe", "nonsense") is None


def test_a_journal_says_what_was_sent_and_what_is_in_doubt(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(0)
    journal.end(Outcome(0, "sent"))
    journal.begin(1)
    journal.defer(1)
    journal.end(Outcome(2, "suppressed", "withdrawn"))
    journal.begin(3)
    account = read_journal(tmp_path / "j")
    assert account.outcomes == [Outcome(0, "sent"), Outcome(2, "suppressed", "withdrawn"), Outcome(3, "uncertain")]
    assert account.later == {1}
    with (tmp_path / "j").open("ab") as torn:
        torn.write(b"= 3 se")
    assert read_journal(tmp_path / "j").outcomes[-1] == Outcome(3, "uncertain")
    assert read_journal(tmp_path / "none").outcomes == []


def test_an_address_keeps_its_letters_in_plain_text_and_marks_around_words_go() -> None:
    body = "# News\n\n[Read **on**](https://x.org/a__b**c_) and __loud__ a__b \\*"
    text = compile_content(a_mailing_draft(body=body), is_notice=True).text
    assert text == "News\n\nRead on <https://x.org/a__b**c_> and loud a__b *"
