"""One spelling for one address: the table of what is the same, the laws, and what is never an address."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerts import urls

SAME = [
    ("the scheme and the host have no case", "HTTPS://Example.ORG/A", "https://example.org/A"),
    ("the default port says nothing", "http://example.org:80/a", "http://example.org/a"),
    ("the default port of https too", "https://example.org:443/a", "https://example.org/a"),
    ("another port does", "https://example.org:8443/a", "https://example.org:8443/a"),
    ("http's port is not https's", "https://example.org:80/a", "https://example.org:80/a"),
    ("an empty path is the root", "https://example.org", "https://example.org/"),
    ("a place in the page is the page", "https://example.org/a#comments", "https://example.org/a"),
    ("a dot at the end of the host is DNS's", "https://example.org./a", "https://example.org/a"),
    ("a host of another script is spelled as DNS does", "https://bücher.example/a", "https://xn--bcher-kva.example/a"),
    ("white space around it is no part of it", " https://example.org/a\n", "https://example.org/a"),
    ("utm parameters", "https://example.org/a?utm_source=rss&utm_medium=x", "https://example.org/a"),
    ("the BBC's", "https://bbc.example/news/1?at_medium=RSS&at_campaign=rss", "https://bbc.example/news/1"),
    ("comScore's", "https://example.org/a?ns_mchannel=rss&ns_source=x", "https://example.org/a"),
    ("Al Jazeera's", "https://example.org/a?traffic_source=rss", "https://example.org/a"),
    ("clicks", "https://example.org/a?fbclid=1&gclid=2", "https://example.org/a"),
    ("case does not hide them", "https://example.org/a?CMP=x&cmpid=y&OCID=z", "https://example.org/a"),
    ("nor does encoding", "https://example.org/a?utm%5Fsource=rss", "https://example.org/a"),
    ("where the reader came from", "https://example.org/a?ref=home&ref_src=x", "https://example.org/a"),
    ("what is read stays, in its order", "https://example.org/a?b=2&utm_source=x&a=1", "https://example.org/a?b=2&a=1"),
    ("a repeated parameter stays", "https://example.org/a?id=1&id=2", "https://example.org/a?id=1&id=2"),
    (
        "a parameter that only begins alike stays",
        "https://example.org/a?reference=7",
        "https://example.org/a?reference=7",
    ),
    ("an id of the content stays", "https://example.org/a?cid=7", "https://example.org/a?cid=7"),
    ("a flag without a value stays", "https://example.org/?print", "https://example.org/?print"),
    ("an ampersand too many is none", "https://example.org/?&a=1&", "https://example.org/?a=1"),
    ("a plus is not a blank", "https://example.org/?q=a+b", "https://example.org/?q=a+b"),
    ("encoding in lower case", "https://example.org/%c3%a9", "https://example.org/%C3%A9"),
    ("encoding that need not be", "https://example.org/%7Euser/%61", "https://example.org/~user/a"),
    ("a letter that must be encoded", "https://example.org/é", "https://example.org/%C3%A9"),
    ("an encoded slash is not a slash", "https://example.org/a%2Fb", "https://example.org/a%2Fb"),
    ("an encoded ampersand is not one", "https://example.org/?a=1%262", "https://example.org/?a=1%262"),
    ("a percent sign that encodes nothing", "https://example.org/100%", "https://example.org/100%25"),
    ("a slash at the end is another page", "https://example.org/a/", "https://example.org/a/"),
    ("an address of version 6", "http://[2001:DB8::1]:80/a", "http://[2001:db8::1]/a"),
    ("what is no web address is left alone", " mailto:a@example.org ", "mailto:a@example.org"),
    ("nor is a guid", "tag:example.org,2026:7", "tag:example.org,2026:7"),
]


@pytest.mark.parametrize(("why", "url", "canonical"), SAME, ids=[case[0] for case in SAME])
def test_canonical(why: str, url: str, canonical: str) -> None:
    assert urls.canonical(url) == canonical, why


NO_WEB = [
    ("empty", ""),
    ("a script", "javascript:alert(1)"),
    ("a script in disguise", "java\nscript:alert(1)"),
    ("inline content", "data:text/html,<b>x</b>"),
    ("a file", "file:///etc/passwd"),
    ("no scheme", "//example.org/a"),
    ("a path", "/a"),
    ("no host", "http:///a"),
    ("only a dot", "http://./a"),
    ("only a port", "http://:80/a"),
    ("a port that is none", "http://example.org:port/"),
    ("a port beyond the last", "http://example.org:65536/"),
    ("port 0", "http://example.org:0/"),
    ("credentials", "http://user:password@example.org/"),
    ("an empty user", "http://@example.org/"),
    ("a backslash, that browsers read as a slash", "http://example.org\\@evil.example/"),
    ("a line break", "http://example.org/\r\nX-Header: 1"),
    ("a NUL", "http://example.org/\x00"),
    ("a blank in the host", "http://exam ple.org/"),
    ("an override of direction", "http://example.org/\u202egpj.exe"),
    ("half a character", "http://example.org/\udce9"),
    ("a quotation mark, that ends an attribute", 'http://example.org/"onclick='),
    ("a bracket that does not close", "http://[::1/"),
    ("a wildcard", "http://*/"),
]


@pytest.mark.parametrize(("why", "url"), NO_WEB, ids=[case[0] for case in NO_WEB])
def test_no_web_address(why: str, url: str) -> None:
    assert not urls.is_web(url), why
    assert urls.host(url) == "", why
    assert urls.canonical(url) == url.strip(), why


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://WWW.Example.org:8443/a", "www.example.org"),
        ("http://127.0.0.1:8000/", "127.0.0.1"),
        ("http://[::1]:8000/", "[::1]"),
        ("http://пример.example./", "xn--e1afmkfd.example"),
    ],
)
def test_host(url: str, host: str) -> None:
    assert urls.is_web(url)
    assert urls.host(url) == host


_part = st.text(alphabet=st.sampled_from("aZ9é한%2fF&=?#+/.;:@~ -_") | st.characters(), max_size=12)
_url = st.one_of(
    st.text(max_size=40),
    st.builds(
        "{}://{}{}/{}?{}#{}".format,
        st.sampled_from(["http", "HTTPS", "ftp"]),
        st.sampled_from(
            ["example.org", "Bücher.example", "[::1]", "x" * 70 + ".org", "a..b", "ß.example", "..", "a.。"]
        ),
        st.sampled_from(["", ":80", ":443", ":8080", ":", ".", ":99999"]),
        _part,
        _part,
        _part,
    ),
)


@given(_url)
@example("http://a%80/")
@example("http://\u0130.example/")
def test_canonical_twice_is_canonical_once(url: str) -> None:
    once = urls.canonical(url)
    assert urls.canonical(once) == once


@given(_url)
def test_a_web_address_stays_one_and_keeps_its_host(url: str) -> None:
    once = urls.canonical(url)
    assert urls.is_web(once) == urls.is_web(url.strip())
    assert urls.host(once) == urls.host(url.strip())


@given(_url)
def test_what_is_canonical_is_plain_ascii_in_its_path_and_query(url: str) -> None:
    if not urls.is_web(url.strip()):
        return
    parts = urlsplit(urls.canonical(url))
    assert (parts.path + parts.query).isascii()
    assert parts.fragment == ""


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:7f00:1::", False),
        ("2001:0:53aa:64c:0:fbff:80ff:fffe", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("fc00::1", False),
        ("ff0e::1", False),
        ("2001:db8::1", False),
    ],
)
def test_which_addresses_are_places_on_the_internet(address: str, public: bool) -> None:
    assert (urls.not_public(address) == "") is public
