"""What the way in promises, held against real servers on loopback, most of which misbehave."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from alerts import feeds
from alerts.adapters import http
from alerts.adapters.http import HttpFetch, reading
from alerts.errors import FetchError, ParseError
from alerts.model import Feed, FeedRequest, Fetched
from tests.servers import headers_of, say, serving

RSS = b'<rss version="2.0"><channel><item><title>Oil rises</title><link>/oil</link></item></channel></rss>'
Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers each path as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.posted: list[bytes] = []
        self.closing = threading.Event()
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.command == "POST":
            self.posted.append(body)
        self.asked.append((handler.path, headers_of(handler)))
        self.answers[handler.path](handler)

    def says(self, path: str, body: bytes = RSS, status: int = 200, **headers: str) -> str:
        """Answer a path with this body; header names are written with underscores."""
        return self.does(path, lambda handler: say(handler, status, body, **headers))

    def does(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return self.url + path

    def sends(self, path: str, raw: bytes) -> str:
        """Answer a path with these bytes, and hang up."""
        return self.does(path, lambda handler: handler.wfile.write(raw))


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as made:
        yield made


@contextmanager
def running() -> Iterator[Server]:
    made = Server()
    with serving(made.answer) as made.url:
        yield made
        made.closing.set()


LOCAL = frozenset({"127.0.0.1"})


def feed(url: str, name: str = "one") -> Feed:
    return Feed(name, url, "Outlet")


def get(
    url: str, *, etag: str = "", modified: str = "", of: str = "", instead: str = "", **settings: object
) -> Fetched | FetchError:
    fetch = HttpFetch(**{"allow_hosts": LOCAL, "timeout": timedelta(seconds=10)} | settings)  # type: ignore[arg-type]
    ((back, got),) = fetch([FeedRequest(feed(url), etag, modified, instead, of)])
    assert back == feed(url)
    return got


def failed(got: Fetched | FetchError) -> FetchError:
    assert isinstance(got, FetchError), got
    return got


def fetched(got: Fetched | FetchError) -> Fetched:
    assert isinstance(got, Fetched), got
    return got


# ── what goes well ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_feed_comes_with_its_validators(server: Server) -> None:
    url = server.says("/", ETag='W/"a b,c"', Last_Modified="yesterday, I think", Content_Type="text/xml; charset=utf-8")
    assert get(url) == Fetched(200, RSS, 'W/"a b,c"', "yesterday, I think", url, "text/xml; charset=utf-8")


@pytest.mark.parametrize(
    "etag", ['"plain"', 'W/"weak"', "unquoted", '"with "quotes""', '"a-gzip"', '"";x', '"é"', "'", "*"]
)
def test_validators_go_back_byte_for_byte(server: Server, etag: str) -> None:
    raw = (
        b"HTTP/1.1 200 OK\r\nETag: "
        + etag.encode()
        + b"\r\nLast-Modified:  Wed, 1 Jul 26 \r\nContent-Length: 0\r\n\r\n"
    )
    got = fetched(get(server.sends("/", raw)))
    server.sends("/", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    again = fetched(get(server.url + "/", etag=got.etag, modified=got.modified))
    asked = server.asked[-1][1]
    assert asked["if-none-match"].encode("latin-1") == etag.encode()
    assert asked["if-modified-since"] == "Wed, 1 Jul 26"
    assert (again.status, again.body) == (304, b"")


def test_a_validator_that_cannot_be_sent_back_is_not_kept(server: Server) -> None:
    got = fetched(get(server.sends("/", b'HTTP/1.1 200 OK\r\nETag: "\xe9"\r\nContent-Length: 0\r\n\r\n')))
    assert got.etag == ""


def test_without_validators_none_are_invented(server: Server) -> None:
    get(server.says("/"))
    assert not {"if-none-match", "if-modified-since"} & set(server.asked[0][1])


def test_a_304_with_a_new_validator(server: Server) -> None:
    got = fetched(get(server.sends("/", b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n'), etag='"1"'))
    assert (got.status, got.etag) == (304, '"2"')


def test_a_304_to_a_question_without_conditions_is_a_failure(server: Server) -> None:
    got = failed(get(server.sends("/", b"HTTP/1.1 304 Not Modified\r\n\r\n")))
    assert got.reason == "304 Not Modified, though we had said nothing of what we have"


def test_who_we_are(server: Server) -> None:
    url = server.says("/", Set_Cookie="id=1; Path=/")
    for _ in range(2):
        get(url, contact="https://example.org/watch")
    asked = server.asked[1][1]
    assert asked["user-agent"] == "Tocsin/0.1.0 (+https://example.org/watch)"
    assert asked["accept"].startswith("application/atom+xml, application/rss+xml")
    assert asked["accept-encoding"] == "gzip, deflate"
    assert not {"cookie", "referer"} & set(asked)


def test_no_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetched(get(server.says("/"))).body == RSS


def _raw_deflate(body: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(body) + squeeze.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(RSS, mtime=0)),
        ("GZip", gzip.compress(RSS[:40], mtime=0) + gzip.compress(RSS[40:], mtime=0)),
        ("x-gzip", gzip.compress(RSS, mtime=0) + b"\0" * 8),
        ("deflate", zlib.compress(RSS)),
        ("deflate", _raw_deflate(RSS)),
        ("identity", RSS),
        ("identity", gzip.compress(RSS, mtime=0)),
        ("gzip", gzip.compress(gzip.compress(RSS, mtime=0), mtime=0)),
    ],
)
def test_every_encoding_we_ask_for(server: Server, encoding: str, body: bytes) -> None:
    assert fetched(get(server.says("/", body, Content_Encoding=encoding))).body == RSS


def test_a_body_in_chunks(server: Server) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<rs\r\n2\r\ns>\r\n0\r\n\r\n"
    assert fetched(get(server.sends("/", raw))).body == b"<rss>"


def test_answers_come_in_the_order_of_answering(server: Server) -> None:
    fast_read = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        assert fast_read.wait(5)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    order = []
    with running() as other:
        requests = [FeedRequest(feed(server.does("/", slow), "slow")), FeedRequest(feed(other.says("/"), "fast"))]
        for back, _ in HttpFetch(allow_hosts=LOCAL)(requests):
            order.append(back.id)
            fast_read.set()
    assert order == ["fast", "slow"]


def test_one_at_a_time_of_each_host(server: Server) -> None:
    busy, most = [0], [0]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        time.sleep(0.01)
        busy[0] -= 1
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    requests = [FeedRequest(feed(server.does(f"/{n}", answer), str(n))) for n in range(6)]
    got = list(HttpFetch(allow_hosts=LOCAL)(requests))
    assert sorted(back.id for back, _ in got) == list("012345")
    assert most == [1]


def test_more_feeds_than_places(server: Server) -> None:
    requests = [FeedRequest(feed(server.says(f"/{n}"), str(n))) for n in range(5)]
    got = list(HttpFetch(allow_hosts=LOCAL, concurrency=1)(requests))
    assert {type(answer) for _, answer in got} == {Fetched}
    assert len(got) == 5


def test_servers_that_say_nothing_hold_no_place(server: Server) -> None:
    """Seven dead servers and one place: who answers is done before any of the dead is given up."""
    with ExitStack() as stack:
        dead = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(7)]
        silent = [
            FeedRequest(feed(f"http://127.0.0.1:{one.getsockname()[1]}/", f"dead{n}")) for n, one in enumerate(dead)
        ]
        fetch = HttpFetch(allow_hosts=LOCAL, concurrency=1, timeout=timedelta(seconds=1))
        began = time.monotonic()
        answers = iter(fetch([*silent, FeedRequest(feed(server.says("/"), "good"))]))
        back, got = next(answers)  # type: ignore[misc]
        assert (back.id, fetched(got).status) == ("good", 200)
        assert time.monotonic() - began < 0.9
        assert {failed(got).reason for _, got in answers} == {"timed out after 1 s"}  # type: ignore[misc]


def test_a_body_waits_for_a_place() -> None:
    """With one place, no second body is on its way while the first is not read: it is what costs memory."""
    sent: list[int] = []

    def large(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n")
        handler.wfile.write(b"x" * 9_000_000)
        sent.append(1)

    with ExitStack() as stack:
        servers = [stack.enter_context(running()) for _ in range(3)]
        requests = [FeedRequest(feed(one.does("/", large), str(n))) for n, one in enumerate(servers)]
        answers = iter(HttpFetch(allow_hosts=LOCAL, concurrency=1)(requests))
        next(answers)
        time.sleep(0.3)
        assert len(sent) == 1
        assert len(list(answers)) == 2


def test_a_pause_is_said_if_one_asks_for_it(server: Server) -> None:
    slow = FeedRequest(feed(server.does("/", lambda _: time.sleep(0.3)), "slow"))
    *pauses, last = HttpFetch(allow_hosts=LOCAL, beat=timedelta(seconds=0.05))([slow])
    assert pauses
    assert set(pauses) == {None}
    assert last is not None
    assert len(list(HttpFetch(allow_hosts=LOCAL)([slow]))) == 1


def test_a_slow_reader_makes_no_server_look_slow(server: Server) -> None:
    requests = [FeedRequest(feed(server.says(f"/{n}"), str(n))) for n in range(3)]
    bodies = []
    for _, got in HttpFetch(allow_hosts=LOCAL, timeout=timedelta(seconds=0.5))(requests):
        time.sleep(0.4)
        bodies.append(fetched(got).body)
    assert len(bodies) == 3


def test_a_reader_may_leave_early(server: Server) -> None:
    requests = [FeedRequest(feed(server.says(f"/{n}"), str(n))) for n in range(3)]
    before = threading.active_count()
    answers = iter(HttpFetch(allow_hosts=LOCAL)(requests))
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert "http" not in {thread.name for thread in threading.enumerate()}
    assert threading.active_count() <= before + 2


def test_nothing_to_fetch() -> None:
    assert list(HttpFetch()([])) == []


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, "500 Internal Server Error"), (404, "404 Not Found"), (410, "410 Gone"), (204, "204 No Content")],
)
def test_a_status_that_brings_no_feed(server: Server, status: int, reason: str) -> None:
    got = failed(get(server.says("/", b"", status)))
    assert (got.reason, got.status) == (reason, status)


@pytest.mark.parametrize(
    ("retry_after", "date", "wait"),
    [
        ("120", "", timedelta(seconds=120)),
        ("0", "", timedelta(0)),
        ("Wed, 01 Jul 2026 09:00:00 GMT", "Wed, 01 Jul 2026 08:00:00 GMT", timedelta(hours=1)),
        ("Wed, 01 Jul 2026 07:00:00 GMT", "Wed, 01 Jul 2026 08:00:00 GMT", timedelta(0)),
        ("Wed, 01 Jul 2026 09:00:00 GMT", "", timedelta(minutes=30)),
        ("99999999999999999999", "", timedelta(seconds=10**9)),
        ("-1", "", None),
        ("soon", "", None),
        ("١٢", "", None),
        ("", "", None),
    ],
)
def test_how_long_a_server_asks_us_to_wait(server: Server, retry_after: str, date: str, wait: timedelta | None) -> None:
    lines = [f"{name}: {value}".encode() for name, value in (("Retry-After", retry_after), ("Date", date)) if value]
    url = server.sends("/", b"\r\n".join([b"HTTP/1.1 429 Too Many Requests", *lines, b"Content-Length: 0", b"", b""]))
    got = failed(get(url, clock=lambda: datetime(2026, 7, 1, 8, 30, tzinfo=UTC)))
    assert (got.status, got.retry_after) == (429, wait)


def test_an_empty_200_is_fetched_and_is_no_feed(server: Server) -> None:
    got = fetched(get(server.says("/", b"")))
    with pytest.raises(ParseError, match=r"^the body is empty$"):
        feeds.parse(got)


def test_a_page_is_fetched_and_is_no_feed(server: Server) -> None:
    got = fetched(get(server.says("/", b"<!DOCTYPE html><title>Just a moment...</title>", Content_Type="text/html")))
    with pytest.raises(ParseError, match=r'^an HTML page instead of a feed, titled "Just a moment\.\.\."'):
        feeds.parse(got)


def test_a_server_that_does_not_answer(server: Server) -> None:
    url = server.does("/", lambda _: server.closing.wait(5) and None)
    assert failed(get(url, timeout=timedelta(seconds=0.2))).reason == "timed out after 0.2 s"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_server_that_drips(server: Server, head: bytes) -> None:
    """A byte now and then keeps a connection alive for hours; the deadline is for all of it."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not server.closing.wait(0.02):
            handler.wfile.write(b"X")

    began = time.monotonic()
    assert failed(get(server.does("/", drip), timeout=timedelta(seconds=0.3))).reason == "timed out after 0.3 s"
    assert time.monotonic() - began < 3


def test_a_body_that_says_it_is_too_large(server: Server) -> None:
    got = failed(get(server.sends("/", b"HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n")))
    assert got.reason == "body is larger than 10 MB"


def _chunks(handler: BaseHTTPRequestHandler, piece: bytes, times: int, encoding: str = "identity") -> None:
    handler.wfile.write(
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    )
    for _ in range(times):
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """The most memory that Python held at once since the test began, in bytes."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_a_body_of_30_mb_is_stopped_at_the_cap(server: Server, peak: Callable[[], int]) -> None:
    piece = b"<item/>" * 20_000
    got = failed(get(server.does("/", lambda handler: _chunks(handler, piece, 215))))
    assert got.reason == "body is larger than 10 MB"
    assert peak() < 30_000_000


def test_a_bomb_is_stopped_at_the_cap(server: Server, peak: Callable[[], int]) -> None:
    """100 kB that become 100 MB."""
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(b"\0" * 1_000_000) for _ in range(100)) + squeeze.flush()
    assert len(bomb) < 110_000
    got = failed(get(server.says("/", bomb, Content_Encoding="gzip")))
    assert got.reason == "the body is compressed more than 100 to 1, as no feed is"
    assert peak() < 50_000_000


@pytest.mark.parametrize(
    ("why", "raw", "reason"),
    [
        (
            "shorter than it says",
            b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + RSS,
            "the body is cut short: the connection ended before it did",
        ),
        (
            "chunks without an end",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n",
            "the body is cut short: the connection ended before it did",
        ),
        (
            "compressed, without an end",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(RSS, mtime=0)[:-9],
            "the body is cut short: its compression has no end",
        ),
        (
            "not compressed, though it says so",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + RSS,
            "the body is not compressed as its Content-Encoding says",
        ),
        (
            "an encoding that nobody asked for",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
            'the body comes in an encoding that we did not ask for: "br"',
        ),
        ("nothing", b"", "the server hung up without an answer"),
        ("a redirect to nowhere", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "302 Found, but no Location"),
    ],
)
def test_an_answer_that_is_wrong(server: Server, why: str, raw: bytes, reason: str) -> None:
    assert failed(get(server.sends("/", raw))).reason == reason, why


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_is_not_http(server: Server, raw: bytes) -> None:
    assert failed(get(server.sends("/", raw))).reason.startswith("the answer is not HTTP: ")


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        assert failed(get(url)).reason == "cannot connect: connection refused"


def test_a_name_that_does_not_exist() -> None:
    reasons = ("cannot connect: name not known", "cannot connect: the name cannot be looked up")
    assert failed(get("http://feeds.invalid/")).reason in reasons


def test_a_server_without_tls(server: Server) -> None:
    url = server.says("/").replace("http:", "https:")
    assert failed(get(url, timeout=timedelta(seconds=5))).reason.startswith("cannot connect: ")


@pytest.mark.parametrize("url", ["ftp://example.org/", "http://me:secret@example.org/", "not a url", "http://a..b/"])
def test_an_address_that_is_none(url: str) -> None:
    reason = failed(get(url)).reason
    assert "secret" not in reason
    assert reason.startswith(("the URL", "cannot connect"))


def test_one_bad_feed_does_not_stop_the_others(server: Server) -> None:
    urls = [server.says("/good"), server.sends("/bad", b""), "ftp://x/", server.says("/error", b"", 500)]
    got = {back.id: answer for back, answer in HttpFetch(allow_hosts=LOCAL)([FeedRequest(feed(u, u)) for u in urls])}
    assert {url: isinstance(answer, Fetched) for url, answer in got.items()} == {u: "good" in u for u in urls}


# ── redirects, and where we do not go ────────────────────────────────────────────────────────────────────────────────


def test_a_redirect_is_followed_and_the_validators_are_those_of_its_end(server: Server) -> None:
    """They go to the address that gave them, and to no other."""
    url = server.says("/old", b"", 302, Location="/new feed")
    end = server.says("/new%20feed", ETag='"new"', Last_Modified="today")
    got = fetched(get(url, etag='"old"', modified="then"))
    assert (got.url, got.body, got.etag, got.modified, got.permanent) == (end, RSS, '"new"', "today", "")
    assert server.asked[0][1]["if-none-match"] == '"old"'
    assert not {"if-none-match", "if-modified-since", "referer"} & set(server.asked[1][1])
    server.sends("/new%20feed", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    again = fetched(get(url, etag=got.etag, modified=got.modified, of=got.url))
    assert (again.status, again.url) == (304, end)
    assert not {"if-none-match", "if-modified-since"} & set(server.asked[2][1])
    assert (server.asked[3][1]["if-none-match"], server.asked[3][1]["if-modified-since"]) == ('"new"', "today")


def test_a_304_of_an_address_that_was_told_nothing_is_a_failure(server: Server) -> None:
    url = server.says("/old", b"", 302, Location="/new")
    server.sends("/new", b"HTTP/1.1 304 Not Modified\r\n\r\n")
    assert failed(get(url, etag='"old"')).status == 304


@pytest.mark.parametrize(
    ("statuses", "permanent"),
    [((301,), "/1"), ((308,), "/1"), ((301, 308), "/2"), ((301, 302), "/1"), ((302, 301), ""), ((307,), "")],
)
def test_where_permanent_redirects_lead(server: Server, statuses: tuple[int, ...], permanent: str) -> None:
    for n, status in enumerate(statuses):
        server.says(f"/{n}", b"", status, Location=f"/{n + 1}")
    server.says(f"/{len(statuses)}")
    assert fetched(get(server.url + "/0")).permanent == (server.url + permanent if permanent else "")


def test_an_address_that_was_adopted_is_asked_in_place_of_the_feeds(server: Server) -> None:
    new = server.says("/new")
    assert fetched(get(server.says("/old"), instead=new)).url == new
    assert [path for path, _ in server.asked] == ["/new"]


@pytest.mark.parametrize(
    ("lines", "fresh"),
    [
        (("Cache-Control: max-age=600",), timedelta(minutes=10)),
        (("Cache-Control: public", "Cache-Control: max-age=600", "Age: 60"), timedelta(minutes=9)),
        (("Expires: Wed, 01 Jul 2026 09:00:00 GMT", "Date: Wed, 01 Jul 2026 08:00:00 GMT"), timedelta(hours=1)),
        ((), None),
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "304 Not Modified"])
def test_for_how_long_an_answer_is_fresh(
    server: Server, lines: tuple[str, ...], fresh: timedelta | None, status: str
) -> None:
    head = "\r\n".join([f"HTTP/1.1 {status}", *lines, *(["Content-Length: 0"] if "200" in status else []), "", ""])
    assert fetched(get(server.sends("/", head.encode()), etag='"1"')).fresh == fresh


@pytest.mark.parametrize("hops", [5, 6])
def test_how_many_redirects(server: Server, hops: int) -> None:
    for n in range(hops):
        server.says(f"/{n}", b"", 302, Location=f"/{n + 1}")
    server.says(f"/{hops}")
    got = get(server.url + "/0")
    if hops == 5:
        assert fetched(got).body == RSS
    else:
        assert failed(got).reason == "more than 5 redirects"


def test_a_redirect_that_goes_round(server: Server) -> None:
    assert failed(get(server.says("/", b"", 307, Location="/"))).reason == "more than 5 redirects"
    assert len(server.asked) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "http://u:p@example.org/", "javascript:x", "http://[::1", "//u:p@x/"]
)
def test_a_redirect_to_what_is_no_web_address(server: Server, target: str) -> None:
    reason = failed(get(server.says("/", b"", 302, Location=target))).reason
    assert reason == "refused: redirected to what is no http(s) address without credentials"


def test_a_redirect_from_https_to_http(server: Server) -> None:
    """Held against the decision itself: a TLS server on loopback would need a certificate that clients trust."""

    class Response:
        status, reason, headers = 302, "Found", {"Location": "http://example.org/feed"}

    with pytest.raises(FetchError, match=r"^refused: redirected from https to http on example\.org$"):
        reading.target("https://example.org/feed", Response())  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_an_address_that_is_not_public_is_not_dialled(server: Server, host: str) -> None:
    url = server.says("/").replace("127.0.0.1", host)
    reason = failed(get(url, allow_hosts=frozenset())).reason
    assert reason.startswith("refused: ")
    assert "; add " in reason
    assert reason.endswith(" to allow_hosts in config/feeds.yaml")
    assert server.asked == []


def test_an_address_in_disguise_is_not_dialled(server: Server) -> None:
    failed(get(server.says("/").replace("127.0.0.1", "2130706433"), allow_hosts=frozenset()))
    assert server.asked == []


def test_the_refusal_says_what_to_do(server: Server) -> None:
    assert failed(get(server.says("/"), allow_hosts=frozenset())).reason == (
        "refused: 127.0.0.1 is not a public address (this machine); add it to allow_hosts in config/feeds.yaml"
    )


def test_a_redirect_to_a_private_address(server: Server) -> None:
    """What is allowed is the host, for its own feeds: not what it sends us to."""
    target = server.says("/secret").replace("127.0.0.1", "localhost")
    reason = failed(get(server.says("/", b"", 302, Location=target))).reason
    assert reason in {
        f"refused: redirected to {ip}, which is not a public address (this machine)" for ip in ("127.0.0.1", "::1")
    }
    assert [path for path, _ in server.asked] == ["/"]


@pytest.mark.parametrize("allowed", ["::1", "[::1]", "LOCALHOST"])
def test_how_an_allowed_host_is_written(allowed: str) -> None:
    guard = http.Guard()
    url = "http://[::1]/" if ":" in allowed else "http://localhost/"
    guard.expect(url, url, frozenset({allowed}))
    guard((socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 80, 0, 0))).close()


def test_what_is_allowed_for_one_feed_is_not_for_a_strangers_redirect() -> None:
    guard = http.Guard()
    guard.expect("https://stranger.example/feed", "http://127.0.0.1/", LOCAL)
    with pytest.raises(OSError, match="not a public address"):
        guard((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))
    assert guard.refusal == "refused: redirected to 127.0.0.1, which is not a public address (this machine)"


# ── post ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

SOON = timedelta(seconds=5)
post = partial(http.post, allow_hosts=LOCAL)


def test_post(server: Server) -> None:
    url = server.says("/hook", b"ok", X_Y="z")
    posted = post(url, headers={"Content-Type": "application/json", "webhook-id": "1"}, body=b"{}", timeout=SOON)
    assert posted == http.Posted(200, "200 OK", None, "ok")
    assert server.posted == [b"{}"]
    asked = server.asked[0][1]
    assert (asked["webhook-id"], asked["content-type"], asked["user-agent"]) == (
        "1",
        "application/json",
        "Tocsin/0.1.0",
    )


def test_post_tells_what_the_answer_asks(server: Server) -> None:
    url = server.says("/", b"rate_limited" * 1000, 429, Retry_After="30")
    posted = post(url, headers={}, body=b"", timeout=SOON)
    assert (posted.status, posted.reason) == (429, "429 Too Many Requests")
    assert posted.retry_after == timedelta(seconds=30)
    assert len(posted.body) == 1_000


def test_post_reads_a_date_by_the_callers_clock(server: Server) -> None:
    raw = b"HTTP/1.1 503 Busy\r\nRetry-After: Wed, 01 Jul 2026 09:00:00 GMT\r\nContent-Length: 0\r\n\r\n"
    url, now = server.sends("/", raw), datetime(2026, 7, 1, 8, 59, tzinfo=UTC)
    assert post(url, headers={}, body=b"", timeout=SOON, now=now).retry_after == timedelta(minutes=1)
    assert post(url, headers={}, body=b"", timeout=SOON).retry_after is None


def test_post_follows_no_redirect(server: Server) -> None:
    url = server.says("/", b"", 307, Location="/elsewhere")
    assert post(url, headers={}, body=b"x", timeout=SOON).status == 307
    assert len(server.asked) == 1


def test_post_tries_once_when_the_server_hangs_up(server: Server) -> None:
    """The message may have been taken: a second try would be a second message."""
    posted = post(server.sends("/", b""), headers={}, body=b"x", timeout=SOON)
    assert posted == http.Posted(0, "the server hung up without an answer")
    assert len(server.posted) == 1


def test_post_that_is_not_answered(server: Server) -> None:
    url = server.does("/", lambda _: server.closing.wait(5) and None)
    posted = post(url, headers={}, body=b"", timeout=timedelta(seconds=0.2))
    assert posted == http.Posted(0, "timed out after 0.2 s")


def test_an_answer_that_breaks_off_is_an_answer(server: Server) -> None:
    """The status came: to call it a failure would send the message again."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok")
        server.closing.wait(5)

    posted = post(server.does("/", answer), headers={}, body=b"", timeout=timedelta(seconds=0.3))
    assert posted == http.Posted(200, "200 OK", None, "ok")


@pytest.mark.parametrize("url", ["https://hooks.invalid/services/SECRET", "http://127.0.0.1:1/SECRET", "SECRET", ""])
def test_post_never_names_the_url(url: str) -> None:
    posted = post(url, headers={}, body=b"", timeout=SOON)
    assert posted.status == 0
    assert posted.reason
    assert "SECRET" not in posted.reason


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files cannot be counted here")
def test_nothing_of_the_loop_is_left_behind(server: Server) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    url, before = server.says("/"), opened()
    for _ in range(5):
        get(url)
        post(url, headers={}, body=b"", timeout=SOON)
    assert opened() <= before + 2
    assert not [thread for thread in threading.enumerate() if thread.name == "http"]


def test_a_request_that_stays_is_told_of_another_site_and_does_not_go_there(server: Server) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    there = server.says("/there", status=302, Location=f"{elsewhere}/page")
    ((_, got),) = HttpFetch(allow_hosts=LOCAL | {"localhost"})([FeedRequest(feed(there), stay=True)])
    assert failed(got).led == f"{elsewhere}/page"
    assert [path for path, _ in server.asked] == ["/there"]
    here = server.says("/here", status=302, Location="/page")
    server.says("/page")
    ((_, got),) = HttpFetch(allow_hosts=LOCAL)([FeedRequest(feed(here), stay=True)])
    assert fetched(got).body == RSS
