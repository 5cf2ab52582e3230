"""The demo's mail server takes everything and keeps the latest."""

from pathlib import Path

import pytest

from deploy import mailbox
from deploy.mailbox import Box


def test_the_oldest_messages_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "KEPT", 3)
    box = Box(tmp_path)
    for number in range(5):
        box.put(f"p{number}@example.org", b"Subject: News\r\n\r\nText\r\n")
    kept = [each.read_text() for each in sorted(tmp_path.iterdir())]
    assert [each.partition("\n")[0] for each in kept] == [f"X-Envelope-To: p{n}@example.org" for n in (2, 3, 4)]
    assert len(list(tmp_path.iterdir())) == 3
