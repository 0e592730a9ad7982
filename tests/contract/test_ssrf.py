"""Where we do not go: no spelling, no class of address, no redirect and no link reaches a listener on this machine.

Each case is run twice.  With its host allowed, the listener is reached, so that the case is a real one; and then as a
stranger's feed would have it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from html import escape
from http.server import BaseHTTPRequestHandler
from urllib.parse import quote, unquote

import pytest

from alerts import urls
from alerts.adapters.children import Children
from alerts.adapters.discovery import Candidate, discover
from alerts.adapters.http import HttpFetch, Network
from alerts.errors import FetchError
from alerts.model import Feed, FeedRequest, Fetched
from tests.contract.victim import Victim, a_victim, network
from tests.servers import say, serving

SOON = timedelta(seconds=5)


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    with a_victim() as made:
        yield made


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """A server that redirects to wherever its path says, or links to it; allowed, as if it were a public one."""

    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        if handler.path.startswith("/page/"):
            say(handler, 200, a_page(unquote(handler.path[6:])).encode())
        else:
            say(handler, 302, Location=unquote(handler.path[1:], encoding="latin-1"))

    with serving(answer) as url:
        yield f"{url}/"


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as made:
        yield made


def a_page(link: str) -> str:
    """A page that names a feed."""
    href = escape(link, quote=True)
    return f'<!doctype html><link rel="alternate" type="application/rss+xml" href="{href}">'


def found(page: str, children: Children, *allowed: str, via: Network | None = None) -> tuple[Candidate, ...]:
    """What is discovered on a page."""
    at_once = timedelta(0)
    fetch = HttpFetch(
        allow_hosts=frozenset(allowed), timeout=SOON, spacing=at_once, **({"network": via} if via else {})
    )
    return discover(page, fetch, children)


def ask(url: str, *allowed: str, via: Network | None = None) -> Fetched | FetchError:
    fetch = HttpFetch(allow_hosts=frozenset(allowed), timeout=SOON, **({"network": via} if via else {}))
    ((_, got),) = fetch([FeedRequest(Feed("f", url, "Outlet"))])
    return got


# ── spellings of this machine ────────────────────────────────────────────────────────────────────────────────────────

REAL = """
127.0.0.1 0x7f000001 0X7F000001 0x7f.0.0.1 0x7f.1 0x7f.0.1 0x7f.0x1 0x7f.0x0.0x1 0x7f.0x0.0x0.0x1 0x7F.0.0x1 0x7f.00.01
127.0x0.1 127.0x1 127.00.0x0.01 127.0.0.0x1 127.0x0.0x0.0x1 0177.0x1 0177.0.0.0x1 0x007f.1 0x0000007f.1 0x7f.0.0.01
0.0.0.0 0x0 0X0 0x0.0x0 0x0.0 0.0x0 0x00000000 0.0.0.0x0 localhost LOCALHOST LocalHost [::1] [0:0:0:0:0:0:0:1]
[0000:0000:0000:0000:0000:0000:0000:0001] [::0001] [0::1] [::0:1] [0::0.0.0.1] [::0.0.0.1] [::] [0::0] [::0.0.0.0]
[0:0:0:0:0:0:0:0] [::ffff:127.0.0.1] [::FFFF:127.0.0.1] [::ffff:7f00:1] [::ffff:7f00:0001] [::0:ffff:7f00:1]
[0:0:0:0:0:ffff:127.0.0.1] [0:0:0:0:0:ffff:7f00:1] [0::ffff:7f00:1] [::ffff:0.0.0.0] [::ffff:0:0] [0::ffff:0.0.0.0]
１２７.０.０.１ ①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌｏｃａｌｈｏｓｔ ｌOcalhost ０ｘ７ｆ．１ 𝟎x7f.1 ⓪ⓧ⑦ⓕ.①
""".split()
"""Hosts that the system dials as this machine."""

OLD = """
127.1 127.0.1 127.0.0.1. 127.1. 2130706433 2130706433. 017700000001 00017700000001 0177.0.0.1 0177.1 0177.0.1 127.0.0.01
00000177.0.0.1 0177.0000.0000.0001 127.000.000.001 0 00 0.0 0.0.0 127.65530.1 127.0.257.1 6425673729 localhost.
""".split()
"""Hosts that the system would dial as this machine, and that aiohttp takes for mistakes, or that no DNS has to know."""

NO_ADDRESS = [
    "http://user@127.0.0.1:{}/", "http://example.org@127.0.0.1:{}/", "http://example.org:80@127.0.0.1:{}/",
    "http://127.0.0.1\\@example.org:{}/", "http://127.0.0.1:{}\\@example.org/", "http://127.0.0.1\t:{}/",
    "http://127.0.\n0.1:{}/", "http://loca\tlhost:{}/", "http:///127.0.0.1:{}/", "http:/127.0.0.1:{}/",
    "http:127.0.0.1:{}/", "//127.0.0.1:{}/", "127.0.0.1:{}", "gopher://127.0.0.1:{}/", "ftp://127.0.0.1:{}/",
    "dict://127.0.0.1:{}/", "file://127.0.0.1:{}/etc/passwd", "jar:http://127.0.0.1:{}/!/", "ws://127.0.0.1:{}/",
    "http://%31%32%37.0.0.1:{}/", "http://127.0.0.1%00.example.org:{}/", "http://127.0.0.1\0:{}/",
    "http://[::1%25lo]:{}/", "http://[::1%lo]:{}/", "http://127.0.0.1:0{}99999/", "http://[127.0.0.1]:{}/",
]  # fmt: skip
"""What other programs read as an address of this machine, and is none to us."""


def test_there_are_enough_spellings() -> None:
    assert len({*REAL}) >= 60
    assert len({*REAL, *OLD, *NO_ADDRESS}) >= 110


@pytest.mark.parametrize("host", REAL)
def test_a_spelling_of_this_machine(victim: Victim, host: str) -> None:
    url, before = f"http://{host}:{victim.port}/", victim.reached
    assert isinstance(ask(url), FetchError)
    assert victim.reached == before
    assert isinstance(ask(url, urls.host(url)), Fetched), "it would be reached if it were allowed"
    assert victim.reached == before + 1


@pytest.mark.parametrize("host", REAL)
def test_a_redirect_to_a_spelling_of_this_machine(victim: Victim, stranger: str, host: str) -> None:
    url, before = f"http://{host}:{victim.port}/", victim.reached
    if urls.host(url) != "127.0.0.1":  # else the redirect stays on a host that is allowed
        assert isinstance(ask(stranger + quote(url), "127.0.0.1"), FetchError)
        assert victim.reached == before
    assert isinstance(ask(stranger + quote(url), "127.0.0.1", urls.host(url)), Fetched)
    assert victim.reached == before + 1


@pytest.mark.parametrize("host", REAL)
def test_a_discovered_link_to_a_spelling_of_this_machine(
    victim: Victim, stranger: str, children: Children, host: str
) -> None:
    url, before = f"http://{host}:{victim.port}/", victim.reached
    page = f"{stranger}page/{quote(url)}"
    if urls.host(url) != "127.0.0.1":  # else the link stays on a host that is allowed
        assert [candidate.feed for candidate in found(page, children, "127.0.0.1")] == [None]
        assert victim.reached == before
    assert len(found(page, children, "127.0.0.1", urls.host(url))) == 1
    assert victim.reached == before + 1, "it would be reached if it were allowed"


def test_a_page_cannot_have_us_ask_what_is_allowed_for_another(victim: Victim, children: Children) -> None:
    """The operator's own host is allowed; the page of a stranger that names it is not asked by."""
    with a_victim(page=a_page("http://127.0.0.1/feed")) as stranger_:
        via = network(stranger_.port, {"stranger.example": ["8.8.8.8"]})
        (candidate,) = found("http://stranger.example/", children, "127.0.0.1", via=via)
        assert candidate.why.startswith("refused: ")
        assert stranger_.reached == 1, "the page, and nothing else"


@pytest.mark.parametrize("host", OLD)
def test_an_old_spelling_of_this_machine(victim: Victim, stranger: str, host: str) -> None:
    url, before = f"http://{host}:{victim.port}/", victim.reached
    assert isinstance(ask(url), FetchError)
    assert isinstance(ask(stranger + quote(url), "127.0.0.1"), FetchError)
    assert victim.reached == before


@pytest.mark.parametrize("written", [*(f"http://{host}:{{}}/" for host in OLD), *NO_ADDRESS])
def test_a_discovered_link_that_is_odd(victim: Victim, children: Children, written: str) -> None:
    """An old spelling, or what is no address: every name means this machine here, and only the stranger is asked."""
    before, here = victim.reached, defaultdict(lambda: ["127.0.0.1"], {"stranger.example": ["8.8.8.8"]})
    with a_victim(page=a_page(written.format(80))) as stranger_:
        via = network(victim.port, here, elsewhere={"8.8.8.8": stranger_.port})
        assert [one for one in found("http://stranger.example/", children, via=via) if one.feed] == []
        assert stranger_.reached >= 1
    assert victim.reached == before


@pytest.mark.parametrize("written", NO_ADDRESS)
def test_what_is_no_address(victim: Victim, stranger: str, written: str) -> None:
    url, before = written.format(victim.port), victim.reached
    everything = ("127.0.0.1", "localhost", "::1", "example.org", urls.host(url))
    assert isinstance(ask(url, *everything), FetchError)
    assert victim.reached == before, url


# ── classes of addresses ─────────────────────────────────────────────────────────────────────────────────────────────

CLASSES = [
    ("this host", "0.0.0.0"),
    ("this network", "0.1.2.3"),
    ("private, 10/8", "10.1.2.3"),
    ("shared by the customers of a provider", "100.64.0.1"),
    ("metadata of Alibaba Cloud", "100.100.100.200"),
    ("this machine", "127.0.0.1"),
    ("this machine by another number", "127.8.8.8"),
    ("of this link", "169.254.1.1"),
    ("metadata of AWS, Google and Azure", "169.254.169.254"),
    ("metadata of AWS for containers", "169.254.170.2"),
    ("Azure's own service, in public space", "168.63.129.16"),
    ("private, 172.16/12", "172.31.255.254"),
    ("for protocols", "192.0.0.8"),
    ("metadata of Oracle Cloud", "192.0.0.192"),
    ("for documentation, 1", "192.0.2.1"),
    ("a relay for 6to4", "192.88.99.1"),
    ("private, 192.168/16", "192.168.1.1"),
    ("for benchmarks", "198.19.0.1"),
    ("for documentation, 2", "198.51.100.7"),
    ("for documentation, 3", "203.0.113.9"),
    ("multicast", "224.0.0.251"),
    ("reserved", "240.0.0.1"),
    ("broadcast", "255.255.255.255"),
    ("this host, version 6", "::"),
    ("this machine, version 6", "::1"),
    ("compatible", "::127.0.0.1"),
    ("mapped loopback", "::ffff:127.0.0.1"),
    ("mapped metadata", "::ffff:169.254.169.254"),
    ("translated", "::ffff:0:127.0.0.1"),
    ("NAT64", "64:ff9b::7f00:1"),
    ("local NAT64", "64:ff9b:1::a00:1"),
    ("a sink", "100::1"),
    ("Teredo", "2001:0:53aa:64c:0:fbff:80ff:fffe"),
    ("for benchmarks, version 6", "2001:2::1"),
    ("ORCHID", "2001:20::1"),
    ("for documentation, version 6", "2001:db8::1"),
    ("for documentation, the new one", "3fff::1"),
    ("6to4 of this machine", "2002:7f00:1::"),
    ("the 6bone, given back", "3ffe::1"),
    ("for segment routing", "5f00::1"),
    ("not given out", "4000::1"),
    ("unique local", "fd12:3456::1"),
    ("metadata of AWS, version 6", "fd00:ec2::254"),
    ("of this link, version 6", "fe80::1"),
    ("site-local", "fec0::1"),
    ("multicast, version 6", "ff0e::1"),
]


def test_there_are_enough_classes() -> None:
    assert len({address for _, address in CLASSES}) >= 35


@pytest.mark.parametrize(("what", "address"), CLASSES, ids=[what for what, _ in CLASSES])
@pytest.mark.parametrize("how", ["a name", "the address", "a redirect to the name", "a redirect to the address"])
def test_a_class_of_addresses(victim: Victim, what: str, address: str, how: str) -> None:
    """In this network every address leads to the listener: only the guard stands before it."""
    before = victim.reached
    literal = f"[{address}]" if ":" in address else address
    host = "inside.example" if "name" in how else literal
    names = {"inside.example": [address]}
    url = f"http://{host}/"
    if "redirect" in how:
        _redirected(victim, url, host, names)
        return
    got = ask(url, via=network(victim.port, names))
    assert isinstance(got, FetchError)
    assert "is not a public address (" in got.reason
    assert victim.reached == before
    assert isinstance(ask(url, host, via=network(victim.port, names)), Fetched)
    assert victim.reached == before + 1


def _redirected(victim: Victim, url: str, host: str, names: dict[str, list[str]]) -> None:
    """The first hop is a server at a public address that redirects; it and the victim are the same listener."""
    with a_victim(location=url) as both:
        names |= {"stranger.example": ["8.8.8.8"]}
        got = ask("http://stranger.example/", via=network(both.port, names))
        assert isinstance(got, FetchError)
        assert got.reason.startswith("refused: redirected to ")
        assert both.reached == 1, "the stranger's server, and nothing else"
        ask("http://stranger.example/", "stranger.example", host, via=network(both.port, names))
        assert both.reached > 2, "it would be reached if both were allowed"


@pytest.mark.parametrize(("what", "address"), CLASSES, ids=[what for what, _ in CLASSES])
@pytest.mark.parametrize("how", ["a name", "the address"])
def test_a_discovered_link_to_a_class_of_addresses(children: Children, what: str, address: str, how: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    host = "inside.example" if how == "a name" else literal
    names = {"inside.example": [address], "stranger.example": ["8.8.8.8"]}
    with a_victim(page=a_page(f"http://{host}/feed")) as both:
        via = network(both.port, names)
        (candidate,) = found("http://stranger.example/", children, via=via)
        assert "is not a public address (" in candidate.why
        assert both.reached == 1, "the stranger's page, and nothing else"
        found("http://stranger.example/", children, "stranger.example", host, via=via)
        assert both.reached == 3, "it would be reached if both were allowed"


def test_a_public_address_is_reached(victim: Victim) -> None:
    before = victim.reached
    via = network(victim.port, {"outlet.example": ["8.8.8.8"], "six.example": ["2606:4700::1111"]})
    assert isinstance(ask("http://outlet.example/", via=via), Fetched)
    assert isinstance(ask("http://six.example/", via=via), Fetched)
    assert victim.reached == before + 2


def test_a_name_that_means_something_else_the_next_time(victim: Victim) -> None:
    """Rebinding: what was looked up first says nothing of what is dialled later."""
    via, before = network(victim.port, {"turncoat.example": ["8.8.8.8", "127.0.0.1"]}), victim.reached
    assert isinstance(ask("http://turncoat.example/", via=via), Fetched)
    got = ask("http://turncoat.example/", via=via)
    assert isinstance(got, FetchError)
    assert got.reason == (
        "refused: 127.0.0.1 is not a public address (this machine); add turncoat.example to allow_hosts in "
        "config/feeds.yaml"
    )
    assert victim.reached == before + 1
