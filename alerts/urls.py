"""One spelling for one address, and which addresses may be shown or fetched.  Pure."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}
_UNFIT = re.compile('[\x00-\x20\x7f-\xa0\\\\<>"\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]')
_HOST = re.compile(r"[^\W_](?:[\w.-]*[\w.])?|\[[0-9a-f:.]+\]")
_STRAY_PERCENT = re.compile("%(?![0-9a-fA-F]{2})")

# What RFC 3986 lets stand in a path and in a query, without the percent sign.
_PATH = "/:@!$&'()*+,;=-._~"
_QUERY = _PATH + "?"

# Parameters that say where a reader came from, never what is read.
_TRACKING = re.compile(
    r"(?:utm|at|ns|itm|guce|wt)[_.].+|cmp|cmpid|ocid|ncid|icid|s_cid|mc_[ce]id|_ga|_gl|ref|ref_(?:src|url)|referrer"
    r"|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|igsh|mkt_tok|smid|smtyp|ftag|ito|xtor"
    r"|taid|traffic_source|guccounter|ftcamp|_hsenc|_hsmi|spm|sr_share|__twitter_impression",
    re.IGNORECASE,
)

# What is no place on the internet, by version.
_NOT_PUBLIC: dict[int, tuple[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str], ...]] = {
    version: tuple((ipaddress.ip_network(network), what) for network, what in listed)
    for version, listed in {
        4: (
            ("0.0.0.0/8", "this host"),
            ("10.0.0.0/8", "private"),
            ("100.64.0.0/10", "shared by the customers of a provider"),
            ("127.0.0.0/8", "this machine"),
            ("168.63.129.16/32", "a cloud's own service"),
            ("169.254.0.0/16", "of this link, or a cloud's metadata"),
            ("172.16.0.0/12", "private"),
            ("192.0.0.0/24", "for protocols"),
            ("192.0.2.0/24", "for documentation"),
            ("192.31.196.0/24", "a sink for names of private addresses"),
            ("192.52.193.0/24", "a relay for multicast"),
            ("192.88.99.0/24", "a relay for 6to4"),
            ("192.168.0.0/16", "private"),
            ("192.175.48.0/24", "a sink for names of private addresses"),
            ("198.18.0.0/15", "for benchmarks"),
            ("198.51.100.0/24", "for documentation"),
            ("203.0.113.0/24", "for documentation"),
            ("224.0.0.0/4", "multicast"),
            ("255.255.255.255/32", "broadcast"),
            ("240.0.0.0/4", "reserved"),
        ),
        6: (
            ("::/128", "this host"),
            ("::1/128", "this machine"),
            ("::/96", "an address of version 4 in disguise"),
            ("::ffff:0:0:0/96", "an address of version 4 in disguise"),
            ("64:ff9b::/96", "an address of version 4 behind NAT64"),
            ("64:ff9b:1::/48", "an address of version 4 behind NAT64"),
            ("100::/64", "a sink"),
            ("100:0:0:1::/64", "a sink"),
            ("2001::/32", "an address of version 4 behind Teredo"),
            ("2001:2::/48", "for benchmarks"),
            ("2001::/23", "for protocols"),
            ("2001:db8::/32", "for documentation"),
            ("2002::/16", "an address of version 4 behind 6to4"),
            ("2620:4f:8000::/48", "a sink for names of private addresses"),
            ("3ffe::/16", "given back"),
            ("3fff::/20", "for documentation"),
            ("5f00::/16", "for segment routing"),
            ("fc00::/7", "private, or a cloud's metadata"),
            ("fe80::/10", "of this link"),
            ("fec0::/10", "private"),
            ("ff00::/8", "multicast"),
        ),
    }.items()
}


def is_web(url: str) -> bool:
    """Whether it is http(s) with a host, without credentials, blanks, control characters or overrides of direction.

    >>> is_web("https://example.org/a"), is_web("javascript:alert(1)"), is_web("https://me:secret@example.org/")
    (True, False, False)
    """
    return _split(url) is not None


def host(url: str) -> str:
    """Give the host in lower case, without port and without a dot at its end; empty if it is no web address.

    >>> host("https://WWW.Example.org.:8443/a")
    'www.example.org'
    """
    parts = _split(url)
    return _host(parts) if parts else ""


def site(url: str) -> str:
    """Give scheme, host and port: what a robots.txt speaks for.

    >>> site("https://www.example.org:8443/a?b")
    'https://www.example.org:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def not_public(address: str) -> str:
    """Say what an IP address is, if it is no place on the internet; empty if it is one.

    The registries of IANA for special purposes are the source, and what clouds keep for themselves in public space.
    It is our own list, because ``ipaddress.is_global`` says what may be routed, which is another question: multicast,
    6to4 and NAT64 may.

    >>> not_public("100.64.0.1"), not_public("2001:4860:4860::8888")
    ('shared by the customers of a provider', '')
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        return not_public(str(ip.ipv4_mapped))
    for network, what in _NOT_PUBLIC[ip.version]:
        if ip in network:
            return what
    # Of version 6, only 2000::/3 is given out.
    return "" if ip.version == 4 or int(ip) >> 125 == 1 else "not given out"


def canonical(url: str) -> str:
    """Give the one spelling of an address: what tells two links to one article apart is removed.

    Scheme and host in lower case, no default port, no fragment, no tracking parameters; the parameters that matter keep
    their order, and percent-encoding is as RFC 3986 (6.2.2) wants it.  What is no web address comes back stripped.
    Doing it twice is doing it once.

    >>> canonical("HTTPS://Example.org:443/a?utm_source=rss&id=7#top")
    'https://example.org/a?id=7'
    """
    stripped = url.strip()
    parts = _split(stripped)
    if parts is None:
        return stripped
    port = parts.port
    place = _host(parts) + (f":{port}" if port is not None and port != _PORTS[parts.scheme] else "")
    return urlunsplit((parts.scheme, place, _spelled(parts.path, _PATH) or "/", _query(parts.query), ""))


@lru_cache(4_096)
def _split(url: str) -> SplitResult | None:
    """Take a web address apart; ``None`` if it is none.  Of an entry, each address is asked for some five times."""
    if _UNFIT.search(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or port == 0 or "@" in parts.netloc or not _HOST.fullmatch(_host(parts)):
        return None
    return parts


def _host(parts: SplitResult) -> str:
    """Spell the host as DNS does; what IDNA refuses stays in lower case."""
    name = (parts.hostname or "").rstrip(".")
    if ":" in name:
        return f"[{name}]"
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        return name


def _query(query: str) -> str:
    """Leave out the parameters that only track, and keep the others as they stand."""
    kept = [pair for pair in query.split("&") if pair and not _TRACKING.fullmatch(unquote(pair.partition("=")[0]))]
    return "&".join(_spelled(pair, _QUERY) for pair in kept)


def _spelled(part: str, safe: str) -> str:
    """Decode what need not be encoded, encode the rest in upper case, and never touch a reserved character."""
    whole = _STRAY_PERCENT.sub("%25", part)
    return re.sub("%[0-9a-fA-F]{2}", _unreserved, quote(whole, safe=safe + "%"))


def _unreserved(encoded: re.Match[str]) -> str:
    """Decode one octet if it is a letter, a digit or one of ``-._~``."""
    character = chr(int(encoded.group()[1:], 16))
    return character if re.fullmatch("[A-Za-z0-9._~-]", character) else encoded.group().upper()
