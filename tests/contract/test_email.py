"""A mail as the world takes it: read from the bytes that a mail server received, by a reader that is not Python's.

Python's own parser repairs what it reads, and so would not see what a mail program sees.
"""

import base64
import itertools
import json
import quopri
import re
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts import deliveries, render
from alerts.adapters.dkim import SIGNED, signer
from alerts.adapters.email import UNSUBSCRIBE_LIMIT, to_email
from alerts.adapters.smtp import SmtpChannel
from alerts.model import Delivery
from tests import newsroom

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
SENDER = "Tocsin <tocsin@news.example>"
CLICK = "https://news.example/u/3f9a0c"
HOSTILE = Path(__file__).parents[3] / "shared/data/hostile.tar.gz"
CASES = Path(__file__).parents[3] / "shared/data/cases_mail_slack.json"
NAMES = (
    *("Content-Type", "MIME-Version", "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "List-Id"),
)


class Kept:
    """Keeps the bytes of every mail, and to whom it went."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"


@pytest.fixture(scope="module")
def server() -> Iterator[Controller]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free = listener.getsockname()[1]
    running = Controller(Kept(), hostname="127.0.0.1", port=free)
    running.start()
    yield running
    running.stop()


def delivery(title: str = "Iran: 25% tariff", outlet: str = "BBC News", **other: object) -> Delivery:
    """The delivery of an alert of this article."""
    news = newsroom.development(newsroom.article("a", title, outlet, text=title), "s1", reason=title)
    s = newsroom.subscription("mail", cron="")
    made = deliveries.for_alert(newsroom.alert_of(news, s), news, render.alert(newsroom.alert_of(news, s)), NOW)[0]
    return replace(made, unsubscribe=CLICK, **other)  # type: ignore[arg-type]


# ── another reader of mail ───────────────────────────────────────────────────────────────────────────────────────────


def read(content: bytes) -> list[tuple[str, str]]:
    """The headers of a mail by RFC 5322, as strictly as a careful relay, and as loosely as a careless one.

    Strictly: lines end with CRLF and hold no other control character.  Loosely: whatever any program might take for the
    end of a line, after whatever decoding, must not make one header more; :func:`loose` looks at that.
    """
    head, _, _ = content.partition(b"\r\n\r\n")
    found: list[tuple[str, str]] = []
    for line in head.split(b"\r\n"):
        assert len(line) <= 998
        assert not [byte for byte in line if (byte < 32 and byte != 9) or byte == 127], line
        if line[:1] in (b" ", b"\t"):
            assert line.strip(), "a line that is all blank ends the headers for some"
            found[-1] = (found[-1][0], found[-1][1] + line.decode("ascii"))
        else:
            name, colon, value = line.partition(b":")
            assert colon
            assert re.fullmatch(rb"[!-9;-~]+", name), name
            found.append((name.decode(), value.decode("ascii").strip()))
    return found


def loose(value: str) -> set[str]:
    """What a header may become if it is decoded once and again, by a program with any idea of an encoded word."""
    seen = {value}
    for _ in range(3):
        seen |= {re.sub(r"\?=\s+=\?", "?==?", words) for words in seen}
        seen |= {re.sub(r"=\?([^?]*)\?([bBqQ])\?([^?]*)\?=", _decoded, words) for words in seen}
    return seen


def _decoded(word: re.Match[str]) -> str:
    raw = word[3].encode("ascii", "replace")
    try:
        plain = base64.b64decode(raw) if word[2] in "bB" else quopri.decodestring(raw, header=True)
        return plain.decode(word[1] or "ascii", "replace")
    except (ValueError, LookupError):
        return word[0]


def check(content: bytes) -> dict[str, str]:
    """Each header that we write once, no other, and none that becomes two."""
    found = read(content)
    assert [name for name, _ in found] == list(NAMES)
    for _, value in found:
        for words in loose(value):
            assert not re.search("[\r\n\0\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", words), words
    return dict(found)


def test_the_other_reader_sees_what_it_is_there_to_see() -> None:
    assert ("Bcc", "eve@example.org") in read(b"Subject: a\r\nBcc: eve@example.org\r\n\r\n")
    assert any("\r\nBcc:" in words for words in loose("=?utf-8?q?x=0D=0ABcc:_eve?="))
    assert any("\r\nBcc:" in words for words in loose("=?utf-8?b?eA0KQmNjOiBldmU=?="))
    with pytest.raises(AssertionError):
        check(to_email(delivery(), SENDER).replace(b"Date:", b"Bcc: eve@example.org\r\nDate:"))


# ── injection ────────────────────────────────────────────────────────────────────────────────────────────────────────

BREAKS = (
    *(
        "\r\n",
        "\n",
        "\r",
        "\n\r",
        "\r\r\n",
        "\0\r\n",
        "\r\n ",
        "\r\n\t",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x85",
        "\u2028",
        "\u2029",
    ),
    *("%0d%0a", "%0A", "\\r\\n", "&#13;&#10;", "=0D=0A", "嘍嘊", "\u560d\u560a", "\ud83d\r\n", "\u202e\r\n"),
)
HEADERS = (
    "Bcc: eve@example.org",
    "To: eve@example.org",
    "Content-Type: text/html",
    "\r\n<script>alert(1)</script>",
    ".\r\nQUIT",
)


def _encoded(words: str) -> list[str]:
    """The same in encoded words, as a hostile feed would hide it."""
    raw = words.encode("utf-8", "replace")
    q = "".join(f"={byte:02X}" for byte in raw)
    return [f"=?utf-8?q?{q}?=", f"=?UTF-8?B?{base64.b64encode(raw).decode()}?=", f"=?us-ascii*en?Q?{q}?="]


PLAIN = [f"Title{end}{header}" for end, header in itertools.product(BREAKS, HEADERS)]
INJECTIONS = PLAIN + [
    hidden
    for words in PLAIN[::4]
    for hidden in (*_encoded(words), *_encoded(_encoded(words)[0]), f"a {_encoded(words)[0]} b")
]


def hostile_strings() -> list[str]:
    """Strings of a list that others have kept."""
    if not HOSTILE.exists():
        return []
    with tarfile.open(HOSTILE) as folder:
        naughty = folder.extractfile("hostile/blns/blns.json")
        lines = folder.extractfile("hostile/payloadsallthethings/CRLF Injection/Files/crlfinjection.txt")
        assert naughty is not None
        assert lines is not None
        return [*json.load(naughty), *lines.read().decode("utf-8", "replace").splitlines()]


def test_no_string_of_a_feed_makes_a_header_or_a_recipient(server: Controller) -> None:
    """At least 200 strings, in the title, the outlet and the reason, over a real server."""
    strings = INJECTIONS + hostile_strings()
    assert len(set(INJECTIONS)) >= 200
    server.handler.mails.clear()
    channel = SmtpChannel(f"smtp://127.0.0.1:{server.port}", SENDER)
    # One by one through the server, those that break a line in some way; all of them by their bytes.
    for words in INJECTIONS[::3]:
        assert channel.send(delivery(words, words), attempt=1, now=NOW).outcome == "delivered"
    for to, content in server.handler.mails:
        assert to == ["anna@example.org"]
        check(content)
    assert len(server.handler.mails) == len(INJECTIONS[::3])
    for words in strings:
        check(to_email(delivery(words, words), SENDER))


@pytest.mark.parametrize("field", ["subject", "subscription", "thread", "id", "unsubscribe"])
def test_no_field_of_a_delivery_makes_a_header(field: str) -> None:
    for words in INJECTIONS:
        made = delivery()
        made = (
            replace(made, message=replace(made.message, subject=words))
            if field == "subject"
            else replace(made, **{field: words + "x"})
        )
        found = [name for name, _ in read(to_email(made, SENDER))]
        wanted = [n for n in NAMES if field != "unsubscribe" or not n.startswith("List-Unsub")]
        assert found == wanted


@pytest.mark.parametrize("name", ["Anna\r\nBcc: eve@example.org", "=?utf-8?q?x=0D=0ABcc:_eve?=", 'A"nna', "Анна"])
def test_no_name_of_a_sender_makes_a_header(name: str) -> None:
    check(to_email(delivery(), f"{name} <tocsin@news.example>"))


# ── threads and unsubscribing ────────────────────────────────────────────────────────────────────────────────────────


def test_mails_of_one_story_answer_one_root_and_a_digest_answers_nothing() -> None:
    first, second = (check(to_email(delivery(title), SENDER)) for title in ("Tariff", "Tariff raised"))
    other = check(to_email(delivery(thread="s2"), SENDER))
    hers = check(to_email(delivery(subscription="bo"), SENDER))
    assert first["In-Reply-To"] == first["References"] == second["References"]
    assert re.fullmatch(r"<[0-9a-f]{32}@news\.example>", first["References"])
    assert len({first["References"], other["References"], hers["References"]}) == 3
    assert first["References"] not in (first["Message-ID"], second["Message-ID"])
    digest = [name for name, _ in read(to_email(delivery(thread=""), SENDER))]
    assert not {"In-Reply-To", "References"} & set(digest)


def test_one_click_is_offered_by_the_letter_of_rfc_8058() -> None:
    found = check(to_email(delivery(), SENDER))
    assert found["List-Unsubscribe"] == f"<{CLICK}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


UNUSABLE = [
    ("no address", ""),
    ("one in the clear", "http://news.example/u/1"),
    ("a script", "javascript:alert(1)"),
    ("the end of the brackets", "https://news.example/>,<mailto:eve@example.org"),
    ("a blank", "https://news.example/a b"),
    ("one that no line can hold", "https://news.example/" + "a" * UNSUBSCRIBE_LIMIT),
    ("another script of letters", "https://пример.example/"),
]


@pytest.mark.parametrize(("why", "url"), UNUSABLE, ids=[case[0] for case in UNUSABLE])
def test_what_is_no_https_address_is_not_offered(why: str, url: str) -> None:
    found = [name for name, _ in read(to_email(replace(delivery(), unsubscribe=url), SENDER))]
    assert found == [name for name in NAMES if not name.startswith("List-Unsubscribe")]


def test_a_long_address_is_on_one_line() -> None:
    url = f"https://news.example/u/{quote('a;b,c' * 100)}"[:UNSUBSCRIBE_LIMIT]
    content = to_email(replace(delivery(), unsubscribe=url), SENDER)
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in content
    assert check(content)["List-Unsubscribe"] == f"<{url}>"


# ── DKIM ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A private key, and the record that the DNS would hold."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run([openssl, "genrsa", "-traditional", "-out", str(path), "2048"], check=True, capture_output=True)
    public = subprocess.run([openssl, "rsa", "-in", str(path), "-pubout"], check=True, capture_output=True, text=True)
    return path, "v=DKIM1; k=rsa; p=" + "".join(public.stdout.splitlines()[1:-1])


def signed(key: tuple[Path, str], made: Delivery) -> bytes:
    return to_email(made, SENDER, signer(f"tocsin:{key[0]}", "news.example"))


def believed(content: bytes, key: tuple[Path, str]) -> bool:
    return bool(dkim.verify(content, dnsfunc=lambda name, timeout=5: key[1].encode()))


def test_a_signed_mail_is_believed_and_a_changed_one_is_not(key: tuple[Path, str], server: Controller) -> None:
    server.handler.mails.clear()
    channel = SmtpChannel(f"smtp://127.0.0.1:{server.port}", SENDER, signer=signer(f"tocsin:{key[0]}", "news.example"))
    assert channel.send(delivery("관세 25%"), attempt=1, now=NOW).outcome == "delivered"
    ((_, content),) = server.handler.mails
    assert believed(content, key)
    for old, new in (
        (b"Subject: ", b"Subject: Re: "),
        (b"/u/3f9a0c", b"/u/3f9a0d"),
        (b"One-Click", b"Two-Click"),
        (b"Date: Wed", b"Subject: forged\r\nDate: Wed"),
        (b"\r\n\r\n", b"\r\n\r\nmore"),
    ):
        assert old in content
        assert not believed(content.replace(old, new, 1), key), new


def test_the_signature_covers_the_headers_of_unsubscribing(key: tuple[Path, str]) -> None:
    head = dict(read(signed(key, delivery())))
    covered = re.sub(r"\s", "", head["DKIM-Signature"]).split("h=")[1].split(";")[0].split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(covered)
    assert {name.lower() for name in NAMES} <= set(covered)
    assert {name.lower() for name in SIGNED} == {name.lower() for name in NAMES}


def test_a_signed_mail_that_is_sent_again_is_the_same_mail(key: tuple[Path, str]) -> None:
    first = signed(key, delivery())
    assert first == signed(key, delivery())
    assert f"t={int(NOW.timestamp())}" in re.sub(r"\s", "", dict(read(first))["DKIM-Signature"])
    assert first != signed(key, replace(delivery(), made=NOW + timedelta(seconds=1)))


def test_a_setting_that_cannot_sign_is_refused_at_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no key")
    for setting, words in (
        ("tocsin", "selector"),
        (f":{bad}", "selector"),
        (f"a;b:{bad}", "selector"),
        (f"tocsin:{tmp_path / 'none'}", "cannot be read"),
        (f"tocsin:{bad}", "no RSA key"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            signer(setting, "news.example")
        assert str(tmp_path) not in str(caught.value)


# ── the list of what a good mail is ──────────────────────────────────────────────────────────────────────────────────


def test_every_rule_for_mail_has_a_test() -> None:
    """The rules that others have written down, and where each is held; a new one must find its place."""
    held = {
        *("unsub-01", "unsub-06", "hdr-01", "hdr-04", "unsub-07"),  # here
        *("hdr-02", "hdr-03", "body-01", "addr-01"),  # tests/contract/test_channels.py
        *("body-02", "body-04"),  # tests/test_render_mail.py, tests/browser/test_mail_in_a_browser.py
        "body-03",  # tests/test_render_clients.py
        *("unsub-02", "unsub-03", "unsub-04", "unsub-05"),  # tests/desk
    }
    if not CASES.exists():
        pytest.skip("the list is not here")
    assert {case["id"] for case in json.loads(CASES.read_text()) if not case["id"].startswith("slack")} <= held
