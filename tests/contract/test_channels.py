"""What every channel promises, against real servers on loopback.

One attempt makes one receipt; nothing the other side does is an exception; a retry is the same id and the same bytes;
no receipt holds an address or a credential.
"""

import base64
import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Email
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import time as clock
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from alerts import deliveries, render
from alerts.adapters import email, smtp, webhook
from alerts.adapters.inbox import InboxChannel, file_name
from alerts.adapters.slack import SlackChannel
from alerts.adapters.smtp import SmtpChannel
from alerts.adapters.webhook import WebhookChannel
from alerts.model import Delivery, Kind, Message, Receipt
from alerts.ports import Channel
from tests import newsroom
from tests.newsroom import HOSTILE
from tests.servers import headers_of, say, serving

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
HERE = frozenset({"127.0.0.1"})
SENDER = "Tocsin <tocsin@news.example>"
ANNA = "anna.o'neil+news@example.org"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_" + base64.b64encode(b"an older key, still in use").decode()
SHORT = timedelta(seconds=0.4)


def delivery(kind: Kind, recipient: str = "", message: Message | None = None) -> Delivery:
    """The delivery of an alert."""
    alert = newsroom.alert(kind)
    s = replace(alert.subscription, recipients=(recipient or (ANNA if kind == "mail" else ""),))
    made = message or render.alert(alert)
    return deliveries.for_alert(replace(alert, subscription=s), newsroom.NIGHT[2], made, NOW)[0]


def send(channel: Channel, made: Delivery, attempt: int = 1) -> Receipt:
    """Make an attempt, and look at what holds for every receipt."""
    receipt = channel.send(made, attempt=attempt, now=NOW)
    assert (receipt.delivery, receipt.attempt, receipt.at) == (made.id, attempt, NOW)
    assert receipt.reason
    assert len(receipt.reason) <= 250
    assert len(receipt.reason.splitlines()) == 1
    for secret in ("o'neil", "example.org", SECRET[6:], "s3cret", "services/T0"):
        assert secret not in receipt.reason
    return receipt


# ── a mail server ────────────────────────────────────────────────────────────────────────────────────────────────────


class Postbox:
    """Takes mail and keeps it, unless it was told what to answer."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, list[str], bytes]] = []
        self.mail = self.rcpt = self.data = ""

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail:
            return self.mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:  # noqa: N802
        if self.rcpt:
            return self.rcpt.format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data:
            return self.data
        assert isinstance(envelope.content, bytes)
        self.kept.append((str(envelope.mail_from), envelope.rcpt_tos, envelope.content))
        return "250 OK: queued as 7"


class Server(Controller):
    """An SMTP server on a free port of this machine."""

    def __init__(self, postbox: Postbox, **settings: Any) -> None:
        super().__init__(postbox, hostname="127.0.0.1", port=free_port(), **settings)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server(Postbox(), enable_SMTPUTF8=True)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def postbox(server: Server) -> Postbox:
    """The server's postbox, emptied."""
    server.handler.__init__()
    return server.handler  # type: ignore[no-any-return]


def mail(port: int, user: str = "", query: str = "", timeout: timedelta = timedelta(seconds=5)) -> SmtpChannel:
    return SmtpChannel(f"smtp://{user}127.0.0.1:{port}{query}", SENDER, timeout)


def test_mail_is_delivered_to_one_recipient(server: Server, postbox: Postbox) -> None:
    receipt = send(mail(server.port), delivery("mail"))
    assert (receipt.outcome, receipt.reason) == ("delivered", "250 OK: queued as 7")
    ((sender, recipients, content),) = postbox.kept
    assert (sender, recipients) == ("tocsin@news.example", [ANNA])
    read = message_from_bytes(content)
    text, html = (part.get_payload(decode=True).decode() for part in read.get_payload())
    sent = delivery("mail").message
    assert (text.replace("\r\n", "\n").rstrip(), html.replace("\r\n", "\n").rstrip()) == (
        sent.text.rstrip(),
        sent.html.rstrip(),
    )


def test_mail_that_is_sent_again_is_the_same_mail(server: Server, postbox: Postbox) -> None:
    made = delivery("mail")
    send(mail(server.port), made)
    mail(server.port).send(made, attempt=2, now=NOW + timedelta(hours=5))
    first, second = (content for _, _, content in postbox.kept)
    assert first == second


def test_each_recipient_gets_another_message_id() -> None:
    ids = {
        message_from_bytes(email.to_email(delivery("mail", to), SENDER))["Message-ID"]
        for to in (ANNA, "bo@example.org")
    }
    assert len(ids) == 2
    assert all(name.startswith("<") and name.endswith("@news.example>") for name in ids)


ANSWERS = [
    (
        "a mailbox that is busy",
        "rcpt",
        "450 4.2.1 <{address}> is busy",
        "deferred",
        "450 4.2.1 (address) is busy",
        "recipient",
    ),
    ("greylisting", "rcpt", "451 4.7.1 try later", "deferred", "451 4.7.1 try later", "recipient"),
    (
        "a mailbox that is not there",
        "rcpt",
        "550 5.1.1 <{address}>: no such user",
        "refused",
        "550 5.1.1 (address) no such user",
        "recipient",
    ),
    (
        "a relay that is not ours",
        "rcpt",
        "550 5.7.1 relaying denied",
        "refused",
        "550 5.7.1 relaying denied",
        "message",
    ),
    ("a full disk", "data", "452 4.3.1 full", "deferred", "452 4.3.1 full", ""),
    ("a message that is not wanted", "data", "554 5.7.1 spam", "refused", "554 5.7.1 spam", "message"),
    ("an answer that makes no sense", "data", "999 what", "refused", "999 what", "message"),
]


@pytest.mark.parametrize(
    ("why", "verb", "answer", "outcome", "reason", "blame"), ANSWERS, ids=[case[0] for case in ANSWERS]
)
def test_what_a_mail_server_answers(
    server: Server, postbox: Postbox, *, why: str, verb: str, answer: str, outcome: str, reason: str, blame: str
) -> None:
    setattr(postbox, verb, answer)
    receipt = send(mail(server.port), delivery("mail"), attempt=3)
    assert (receipt.outcome, receipt.reason, receipt.blame) == (outcome, reason, blame)
    assert postbox.kept == []


@pytest.mark.parametrize("answer", ["550 5.7.60 not allowed to send as this", "530 5.7.0 log in first"])
def test_a_sender_that_is_not_allowed_is_the_channels_fault_and_loses_nothing(
    server: Server, postbox: Postbox, answer: str
) -> None:
    postbox.mail = answer
    receipt = send(mail(server.port), delivery("mail"))
    assert (receipt.outcome, receipt.blame) == ("deferred", "login")


def test_a_bad_recipient_does_not_stop_a_good_one(server: Server, postbox: Postbox) -> None:
    postbox.rcpt = "550 no such user"
    assert send(mail(server.port), delivery("mail")).outcome == "refused"
    postbox.rcpt = ""
    assert send(mail(server.port), delivery("mail", "bo@example.org")).outcome == "delivered"


def test_a_mail_server_that_is_not_there_is_tried_again() -> None:
    receipt = send(mail(free_port()), delivery("mail"))
    assert receipt.outcome == "deferred"
    assert receipt.reason.startswith("cannot speak to the mail server: ")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_mail_server_that_hangs_is_given_up_in_time(silent: int) -> None:
    receipt = send(mail(silent, timeout=SHORT), delivery("mail"))
    assert (receipt.outcome, receipt.reason) == ("deferred", "no answer in time")


@pytest.mark.parametrize(
    "banner", [b"554 5.3.2 go away\r\n", b"421 too many\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""]
)
def test_a_server_that_does_not_greet_says_nothing_about_the_message(banner: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(banner)

        thread = threading.Thread(target=answer)
        thread.start()
        receipt = send(mail(listener.getsockname()[1]), delivery("mail"))
        thread.join()
    assert receipt.outcome == "deferred"


@pytest.mark.parametrize("user", ["", "tocsin:s3cret@"])
def test_nothing_is_sent_in_the_clear_when_tls_is_required(server: Server, postbox: Postbox, user: str) -> None:
    receipt = send(mail(server.port, user, "?starttls=required"), delivery("mail"))
    assert receipt.outcome == "deferred"
    assert "STARTTLS" in receipt.reason
    assert postbox.kept == []


@pytest.mark.parametrize("query", ["", "?starttls=off", "?starttls=auto"])
def test_on_this_machine_mail_goes_without_tls_unless_it_is_asked_for(
    server: Server, postbox: Postbox, query: str
) -> None:
    assert send(mail(server.port, query=query), delivery("mail")).outcome == "delivered"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, with its key, signed by itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    path = tmp_path_factory.mktemp("tls") / "here.pem"
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=here".split()
    place = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run([openssl, *made, *place], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_is_looked_at(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, trusted: bool
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secured = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context, "require_starttls": True}
    running = Server(Postbox(), **secured)
    running.start()
    try:
        receipt = send(SmtpChannel(f"{scheme}://127.0.0.1:{running.port}?starttls=required", SENDER), delivery("mail"))
    finally:
        running.stop()
    assert receipt.outcome == ("delivered" if trusted else "deferred")
    assert trusted or "certificate" in receipt.reason.lower()


def test_a_server_that_speaks_no_tls_is_no_smtps_server(server: Server) -> None:
    receipt = send(SmtpChannel(f"smtps://127.0.0.1:{server.port}", SENDER, timedelta(seconds=2)), delivery("mail"))
    assert receipt.outcome == "deferred"


@pytest.mark.parametrize(("password", "outcome"), [("p%40ss", "delivered"), ("s3cret", "deferred")])
def test_a_wrong_password_holds_the_mail_back_and_does_not_lose_it(password: str, outcome: str) -> None:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given_: Any) -> AuthResult:
        return AuthResult(success=(given_.login, given_.password) == (b"me@here", b"p@ss"), handled=False)

    running = Server(Postbox(), authenticator=check, auth_require_tls=False)
    running.start()
    try:
        receipt = send(mail(running.port, f"me%40here:{password}@"), delivery("mail"))
        assert (receipt.outcome, receipt.blame) == (outcome, "" if outcome == "delivered" else "login")
    finally:
        running.stop()


RECIPIENTS = [
    ("none", " ", "refused"),
    ("no at sign", "anna", "refused"),
    ("a second header", "anna@example.org\r\nBcc: eve@example.org", "refused"),
    ("a second address", "anna@example.org,eve@example.org", "refused"),
    ("an address in brackets", "Anna <anna@example.org>", "refused"),
    ("an unusual but valid one", "!#$%&'*+-/=?^_`{|}~@example.org", "delivered"),
    ("one in another script", "анна@пример.example", "delivered"),
]


@pytest.mark.parametrize(("why", "recipient", "outcome"), RECIPIENTS, ids=[case[0] for case in RECIPIENTS])
def test_what_is_a_recipient(server: Server, postbox: Postbox, why: str, recipient: str, outcome: str) -> None:
    receipt = mail(server.port).send(replace(delivery("mail"), recipient=recipient), attempt=1, now=NOW)
    assert receipt.outcome == outcome
    assert [recipients for _, recipients, _ in postbox.kept] == ([[recipient]] if outcome == "delivered" else [])


URLS = [
    ("another protocol", "https://tocsin:s3cret@mail.example.org"),
    ("no host", "smtp://"),
    ("an unknown setting", "smtp://tocsin:s3cret@mail.example.org?starttls=maybe"),
    ("a port that is none", "smtp://tocsin:s3cret@mail.example.org:port"),
]


@pytest.mark.parametrize(("why", "url"), URLS, ids=[case[0] for case in URLS])
def test_a_wrong_url_is_refused_at_once_and_not_repeated(why: str, url: str) -> None:
    with pytest.raises(ValueError, match="mail server") as caught:
        SmtpChannel(url, SENDER)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_what_a_url_means() -> None:
    assert smtp.parse("smtp://mail.example.org") == smtp.Server("mail.example.org", 587, tls=False, starttls=True)
    assert smtp.parse("smtps://mail.example.org") == smtp.Server("mail.example.org", 465, tls=True, starttls=False)
    assert smtp.parse("smtp://mail.example.org?starttls=auto").starttls is None
    assert smtp.parse("smtp://localhost:25").starttls is False
    assert smtp.parse("smtp://[::1]:25?starttls=required").starttls is True
    assert smtp.parse("smtp://me%40here:p%2Fw@h.example").password == "p/w"


def test_a_sender_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="sender"):
        SmtpChannel("smtp://127.0.0.1", "Tocsin")


def test_channels_do_not_show_their_credentials() -> None:
    channels = [
        SmtpChannel("smtp://tocsin:s3cret@127.0.0.1", SENDER),
        SlackChannel("https://hooks.example/services/T0/B0/s3cret"),
        WebhookChannel("https://example.org/s3cret", SECRET),
        InboxChannel(Path("inbox"), "webhook", sender=SENDER, secret=SECRET),
    ]
    assert not any(word in repr(channel) for channel in channels for word in ("s3cret", SECRET))


# ── headers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def subject(read: Email) -> str:
    """The subject as a reader sees it: unfolded and decoded."""
    return str(make_header(decode_header(re.sub("\r?\n(?=[ \t])", "", str(read["Subject"])))))


HEADERS = [
    *("Content-Type", "MIME-Version", "From", "To", "Subject", "Date", "Message-ID"),
    *("In-Reply-To", "References", "Auto-Submitted", "List-Id"),
]


def check_headers(content: bytes) -> Email:
    """Look at a mail as another program would: by its bytes, and by the old parser that repairs nothing."""
    head, _, _ = content.partition(b"\r\n\r\n")
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert all(len(line) <= 998 and min(line.replace(b"\t", b" ")) >= 32 for line in head.split(b"\r\n"))
    names = [line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert names == HEADERS
    read = message_from_bytes(content)
    assert read.keys() == HEADERS
    assert not read.defects
    decoded = subject(read)
    # Whoever decodes a second time, as Python's own parser may, must not find a second header either.
    assert len(str(make_header(decode_header(decoded))).splitlines()) <= 1
    return read


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_titles_make_one_subject_and_no_other_header(server: Server, postbox: Postbox, words: str) -> None:
    message = render.alert(newsroom.hostile("mail", words)[0])
    for line in (message.subject, words[:5000], f"[urgent] {words[:5000]}"):
        made = replace(delivery("mail"), message=replace(message, subject=line))
        assert send(mail(server.port), made).outcome == "delivered"
        check_headers(email.to_email(made, SENDER))
    assert [recipients for _, recipients, _ in postbox.kept] == [[ANNA]] * 3


@given(st.text(max_size=300), st.text(max_size=40))
def test_no_subject_and_no_name_makes_a_header(words: str, name: str) -> None:
    made = replace(delivery("mail"), message=Message("mail", words, "text", "<p>html</p>"), subscription=name or "x")
    read = check_headers(email.to_email(made, SENDER))
    assert subject(read) == email.clean(words)


@given(st.text(st.sampled_from("=?utf-8qb\r\n0AD:_ Bc?="), max_size=80))
def test_no_encoded_word_survives(words: str) -> None:
    check_headers(email.to_email(replace(delivery("mail"), message=Message("mail", words, "text")), SENDER))
    assert "=?" not in email.clean(words)


@pytest.mark.parametrize(
    "title", ["Iran: 25% tariff", "بازار تهران برای سومین روز تعطیل شد", "미국, 이란과 거래", "🇮🇷 " * 30, "x" * 150]
)
def test_a_title_of_any_script_is_read_as_it_was_written(title: str) -> None:
    made = replace(delivery("mail"), message=Message("mail", title, "text"))
    read = check_headers(email.to_email(made, SENDER))
    assert subject(read) == title.strip()
    assert all(len(word) <= 75 for word in str(read["Subject"]).split() if word.startswith("=?"))


def test_the_headers_say_what_kind_of_mail_it_is() -> None:
    read = check_headers(email.to_email(delivery("mail"), "Тревога <tocsin@news.example>"))
    assert read["To"] == ANNA
    assert str(make_header(decode_header(read["From"]))) == "Тревога <tocsin@news.example>"
    assert read["Date"] == "Wed, 01 Jul 2026 08:00:00 +0000"
    assert (read["Auto-Submitted"], read["List-Id"]) == ("auto-generated", "<anna.tocsin.news.example>")
    assert [part.get_content_type() for part in read.get_payload()] == ["text/plain", "text/html"]  # type: ignore[union-attr]


# ── a web server ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Receiver:
    """Keeps what is posted, and answers as it was told to."""

    def __init__(self) -> None:
        self.url = ""
        self.begin()

    def begin(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, b"ok")

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.posts.append((headers_of(handler), body))
        status, headers, answer = self.answer
        say(handler, status, answer, **headers)


@pytest.fixture(scope="module")
def running() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made.take) as url:
        made.url = f"{url}/services/T0/B0"
        yield made


@pytest.fixture
def receiver(running: Receiver) -> Receiver:
    running.begin()
    return running


def posting(kind: str, url: str, timeout: timedelta = timedelta(seconds=5)) -> Channel:
    if kind == "slack":
        return SlackChannel(url, timeout, allow_hosts=HERE)
    return WebhookChannel(url, SECRET, timeout, HERE)


BLAME = {301: "login", 307: "login", 400: "message", 403: "login", 404: "gone", 410: "gone"}

POSTED = [
    ("slack", 200, b"ok", "delivered", "200 ok"),
    ("slack", 200, b"<html>Please log in</html>", "deferred", "200 <html>Please log in</html>"),
    ("slack", 400, b"invalid_blocks", "refused", "400 invalid_blocks"),
    ("slack", 403, b"action_prohibited", "deferred", "403 action_prohibited"),
    ("slack", 404, b"no_service", "deferred", "404 no_service"),
    ("slack", 410, b"channel_is_archived", "deferred", "410 channel_is_archived"),
    ("slack", 429, b"rate_limited", "deferred", "429 rate_limited"),
    ("slack", 500, b"rollup_error", "deferred", "500 rollup_error"),
    ("webhook", 200, b"", "delivered", "200"),
    ("webhook", 204, b"", "delivered", "204"),
    ("webhook", 301, b"", "deferred", "301: redirects are not followed"),
    ("webhook", 307, b"", "deferred", "307: redirects are not followed"),
    ("webhook", 400, b"", "refused", "400"),
    ("webhook", 404, b"", "deferred", "404"),
    ("webhook", 408, b"", "deferred", "408"),
    ("webhook", 410, b"", "deferred", "410 gone"),
    ("webhook", 425, b"", "deferred", "425"),
    ("webhook", 429, b"", "deferred", "429"),
    ("webhook", 500, b"", "deferred", "500"),
    ("webhook", 503, b"", "deferred", "503"),
]


@pytest.mark.parametrize(("kind", "status", "answer", "outcome", "reason"), POSTED)
def test_what_a_web_server_answers(
    receiver: Receiver, kind: Kind, status: int, answer: bytes, outcome: str, reason: str
) -> None:
    elsewhere = {"location": receiver.url + "/elsewhere"} if 300 <= status < 400 else {}
    receiver.answer = (status, {} if status == 204 else elsewhere, answer)
    receipt = send(posting(kind, receiver.url), delivery(kind), attempt=2)
    assert receipt.outcome == outcome
    assert receipt.reason.startswith(reason)
    assert receipt.blame == BLAME.get(status, "login" if b"<html>" in answer else "")
    assert len(receiver.posts) == 1


@pytest.mark.parametrize("kind", ["slack", "webhook"])
@pytest.mark.parametrize(
    ("asked", "wait"),
    [("30", timedelta(seconds=30)), ("0", None), ("soon", None), ("", None)],
)
def test_a_server_that_asks_for_time_gets_it(
    receiver: Receiver, kind: Kind, asked: str, wait: timedelta | None
) -> None:
    receiver.answer = (429, {"retry-after": asked}, b"rate_limited")
    receipt = send(posting(kind, receiver.url), delivery(kind))
    assert receipt.retry_after == (NOW + wait if wait else None)


@pytest.mark.parametrize("kind", ["slack", "webhook"])
def test_a_server_that_is_not_there_or_hangs_is_tried_again(kind: Kind, silent: int) -> None:
    for port in (free_port(), silent):
        assert (
            send(posting(kind, f"http://127.0.0.1:{port}/services/T0/B0", SHORT), delivery(kind)).outcome == "deferred"
        )


@pytest.mark.parametrize("kind", ["slack", "webhook"])
def test_what_is_posted_again_has_the_same_body_and_the_same_id(receiver: Receiver, kind: Kind) -> None:
    made = delivery(kind)
    channel = posting(kind, receiver.url)
    channel.send(made, attempt=1, now=NOW)
    channel.send(made, attempt=2, now=NOW + timedelta(hours=5))
    (first, body), (second, same) = receiver.posts
    assert body == same == made.message.body.encode()
    assert first.get("webhook-id") == second.get("webhook-id") == (made.id if kind == "webhook" else None)
    assert first["content-type"].startswith("application/json")


def test_a_webhook_is_signed_so_that_the_receivers_library_believes_it(receiver: Receiver) -> None:
    made = delivery("webhook")
    # The library that verifies reads the clock itself, and takes no signature older than five minutes.
    now = datetime.fromtimestamp(clock(), tz=UTC)
    WebhookChannel(receiver.url, f"{SECRET} {OLD_SECRET}", allow_hosts=HERE).send(made, attempt=1, now=now)
    ((headers, body),) = receiver.posts
    for secret in (SECRET, OLD_SECRET):
        assert Webhook(secret).verify(body, headers) == json.loads(made.message.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(b"someone else's key").decode()).verify(body, headers)


def test_the_signature_is_that_of_the_specifications_example() -> None:
    example = replace(delivery("webhook"), id="msg_p5jXN8AQM9LWM0D4loKWxJek")
    example = replace(example, message=Message("webhook", "", "", body='{"test": 2432232314}'))
    headers, body = webhook.to_request(example, SECRET, datetime.fromtimestamp(1614265330, tz=UTC))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert (headers["webhook-timestamp"], body) == ("1614265330", b'{"test": 2432232314}')


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_äöü", "whsec_c2hvcnQ=", "a s3cret that is a password!"])
def test_a_secret_that_is_none_is_refused_at_once_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="the secret of a webhook must be") as caught:
        WebhookChannel("https://example.org/", secret)
    assert not secret.strip() or secret not in str(caught.value) or secret == "whsec_"


@pytest.mark.parametrize("kind", ["slack", "webhook"])
@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_titles_are_posted(receiver: Receiver, kind: Kind, words: str) -> None:
    message = render.alert(newsroom.hostile(kind, words)[0])
    assert send(posting(kind, receiver.url), delivery(kind, message=message)).outcome == "delivered"
    assert json.loads(receiver.posts[0][1]) == json.loads(message.body)


# ── the inbox ────────────────────────────────────────────────────────────────────────────────────────────────────────

ENDINGS = {"mail": {".eml", ".html", ".txt"}, "slack": {".slack.json"}, "webhook": {".webhook.json"}}


def inbox(folder: Path, kind: Kind) -> InboxChannel:
    return InboxChannel(folder / "inbox", kind, sender=SENDER, secret=SECRET)


@pytest.mark.parametrize("kind", ["mail", "slack", "webhook"])
def test_writing_into_the_inbox_twice_is_writing_once(tmp_path: Path, kind: Kind) -> None:
    made = delivery(kind)
    written = []
    for attempt in (1, 2):
        assert send(inbox(tmp_path, kind), made, attempt).outcome == "delivered"
        written.append({path.name: path.read_bytes() for path in (tmp_path / "inbox").iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {file_name(made.id) + ending for ending in ENDINGS[kind]}


def test_the_inbox_holds_what_would_have_been_sent(tmp_path: Path, server: Server, postbox: Postbox) -> None:
    made = {kind: delivery(kind) for kind in ENDINGS}  # type: ignore[arg-type]
    for kind in ENDINGS:
        send(inbox(tmp_path, kind), made[kind])  # type: ignore[arg-type]
    send(mail(server.port), made["mail"])
    folder = tmp_path / "inbox"
    name = file_name(made["mail"].id)
    # The server ends a message with one line break of its own.
    assert (folder / f"{name}.eml").read_bytes().rstrip() == postbox.kept[0][2].rstrip()
    assert (folder / f"{name}.txt").read_text() == made["mail"].message.text
    assert (folder / f"{name}.html").read_text() == made["mail"].message.html
    assert json.loads((folder / f"{file_name(made['slack'].id)}.slack.json").read_text())["blocks"]
    call = json.loads((folder / f"{file_name(made['webhook'].id)}.webhook.json").read_text())
    assert (call["method"], call["body"]) == ("POST", made["webhook"].message.body)
    assert call["headers"] == webhook.to_request(made["webhook"], SECRET, made["webhook"].made)[0]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "..", "", "a\x00b", "a" * 5000, "ج" * 500, "a:b/c\\d"]
)
def test_no_id_leads_out_of_the_inbox(tmp_path: Path, name: str) -> None:
    made = replace(delivery("mail"), id=name)
    receipt = inbox(tmp_path, "mail").send(made, attempt=1, now=NOW)
    assert receipt.outcome == "delivered"
    assert len(list((tmp_path / "inbox").iterdir())) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["inbox"]


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=50)
def test_names_are_plain(one: str, other: str) -> None:
    assert set(file_name(one)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.-_")
    assert file_name(one) != file_name(one + "x" * 200 + other) or one == other


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "inbox").write_text("a file where a folder should be")
    receipt = send(inbox(tmp_path, "mail"), delivery("mail"))
    assert receipt.outcome == "deferred"
    assert receipt.reason.startswith("cannot write to the inbox: ")
