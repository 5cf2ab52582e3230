"""What mail servers send back, for tests: as Postfix, a mail provider and a program that is away write it."""

_FRAME = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="B"

--B
Content-Type: text/plain; charset=utf-8

I'm sorry to have to inform you that your message could not be delivered.

--B
{part}
--B
Content-Type: text/rfc822-headers

{original}
--B--
"""


def a_delivery_report(to: str, status: str = "5.1.1", action: str = "failed", original: str = "Subject: News") -> bytes:
    """A delivery status notification (RFC 3464) as Postfix writes it."""
    part = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\nArrival-Date: Mon, 1 Jun 2026\n\n"
        f"Final-Recipient: rfc822; ann@example.org\nAction: {action}\nStatus: {status}\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <ann@example.org>: no such user\n"
    )
    return _FRAME.format(to=to, kind="delivery-status", part=part, original=original).encode()


def a_complaint(original: str, kind: str = "abuse", mail_from: str = "") -> bytes:
    """A feedback report (RFC 5965) as a mail provider writes it, to an address that it was told."""
    fields = f"Feedback-Type: {kind}\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
    fields += f"Original-Mail-From: <{mail_from}>\n" if mail_from else ""
    part = f"Content-Type: message/feedback-report\n\n{fields}"
    return _FRAME.format(to="abuse@example.org", kind="feedback-report", part=part, original=original).encode()


def an_automatic_answer(to: str) -> bytes:
    return (
        f"From: ann@example.org\nTo: {to}\nSubject: Away until Monday\nAuto-Submitted: auto-replied (vacation)\n\n"
        "I am away. Action: failed\nStatus: 5.1.1\n"
    ).encode()
