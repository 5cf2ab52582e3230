"""What a mail server's report is taken for: only what it plainly says, whatever bytes it is made of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.reports import of_status, read_report
from services.notifications.tokens import Place, Tokens
from tests.notifications.returned import a_complaint, a_delivery_report, an_automatic_answer

TOKENS = Tokens("secret")
PLACE = Place("mlg_" + "ab" * 16, 1, 2, 3)
TOKEN = TOKENS.make("bounce", PLACE)
PATH = f"bounce-{TOKEN}@news.example.org"


@pytest.mark.parametrize(
    ("status", "action", "kind"),
    [
        ("5.1.1", "failed", "permanent"),
        ("5.7.1 (delivery not authorised)", "failed", "permanent"),
        ("4.4.7", "failed", "temporary"),
        ("4.4.1", "delayed", "temporary"),
        ("5.0.0", "delayed", "temporary"),
        ("2.0.0", "delivered", "other"),
        ("2.0.0", "relayed", "other"),
        ("2.1.5", "expanded", "other"),
    ],
)
def test_a_delivery_report_is_what_its_action_and_status_say(status: str, action: str, kind: str) -> None:
    report = read_report(a_delivery_report(PATH, status, action))
    assert (report.kind, report.status, report.tokens) == (kind, report.status, (("bounce", TOKEN),))
    assert report.status in (status[:5], "")


def test_a_failure_that_does_not_say_why_is_not_taken_for_one_for_good() -> None:
    raw = a_delivery_report(PATH, "unknown").replace(b"550 5.1.1", b"550")
    assert read_report(raw).kind == "temporary"


def test_a_status_that_stands_only_in_the_servers_words_is_found() -> None:
    report = read_report(a_delivery_report(PATH, "unknown"))
    assert (report.kind, report.status) == ("permanent", "5.1.1")


def test_what_the_message_that_came_back_says_of_itself_does_not_count() -> None:
    forged = f"To: bounce-{'a' * 48}@x\nAction: failed\nStatus: 5.1.1"
    report = read_report(a_delivery_report(PATH, "4.2.2", original=forged))
    assert (report.kind, report.tokens) == ("temporary", (("bounce", TOKEN),))


def test_an_automatic_answer_is_no_bounce_whatever_its_text_says() -> None:
    assert read_report(an_automatic_answer(PATH)).kind == "automatic"


def test_somebody_who_answers_a_message_has_not_bounced() -> None:
    assert read_report(f"From: a@b\nTo: {PATH}\nSubject: Re: News\n\nThank you.".encode()).kind == "other"


def test_a_complaint_leads_back_by_the_return_path_or_by_the_message() -> None:
    message = TOKENS.make("message", PLACE)
    report = read_report(a_complaint(f"Return-Path: <{PATH}>\nMessage-ID: <{message}@news.example.org>"))
    assert (report.kind, report.tokens) == ("complaint", (("bounce", TOKEN), ("message", message)))
    assert read_report(a_complaint("Subject: x", mail_from=PATH)).tokens == (("bounce", TOKEN),)


def test_whoever_says_that_it_is_not_junk_does_not_complain() -> None:
    assert read_report(a_complaint("Subject: x", kind="not-spam")).kind == "other"


def test_where_the_mail_server_was_asked_to_deliver_comes_before_what_headers_say() -> None:
    other = TOKENS.make("bounce", PLACE._replace(place=4))
    report = read_report(a_delivery_report(PATH), f"BOUNCE-{other.upper()}@news.example.org")
    assert [token for _, token in report.tokens] == [other, TOKEN]


@pytest.mark.parametrize(("status", "kind"), [("5.1.1", "permanent"), ("4.2.2", "temporary"), ("2.0.0", "other")])
def test_a_status_alone_is_enough(status: str, kind: str) -> None:
    report = of_status(PATH, status)
    assert (report.kind, report.status, report.tokens) == (kind, status, (("bounce", TOKEN),))


def test_parts_within_parts_without_end_are_read_as_nothing() -> None:
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000))
    assert read_report(deep, PATH).kind == "other"


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_no_bytes_make_reading_fail(raw: bytes) -> None:
    assert read_report(raw).kind in ("other", "automatic")


@settings(deadline=None)
@given(st.data())
def test_a_report_that_was_damaged_on_its_way_never_becomes_one_of_somebody_else(data: st.DataObject) -> None:
    raw = bytearray(a_delivery_report(PATH))
    for _ in range(data.draw(st.integers(1, 30))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    places = {TOKENS.read("bounce", token) for _, token in read_report(bytes(raw)).tokens}
    assert places <= {PLACE, None}
