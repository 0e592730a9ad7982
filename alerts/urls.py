"""One spelling for one address, and which addresses may be shown or fetched.  Pure."""

from __future__ import annotations

import ipaddress
import re
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


def is_public(address: str) -> bool:
    """Whether an IP address is a place on the internet, and no disguise of another: mapped, 6to4, Teredo, NAT64.

    >>> is_public("8.8.8.8"), is_public("169.254.169.254"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not ip.is_reserved
    if ip.ipv4_mapped:
        return is_public(str(ip.ipv4_mapped))
    # Only 2000::/3 is given out; NAT64, site-local and multicast addresses lie outside of it.
    return ip.is_global and int(ip) >> 125 == 1 and ip.sixtofour is None and ip.teredo is None


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


def _split(url: str) -> SplitResult | None:
    """Take a web address apart; ``None`` if it is none."""
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
