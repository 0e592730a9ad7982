"""What a feed's server asks us to show: sent to the feed's own origin alone, and kept out of all that is told of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, quote_plus, urlsplit

from alerts.errors import FetchError
from alerts.model import Feed, Fetched

_PORTS = {"http": 80, "https": 443}
_SHORT = 4
# A name of four letters may well be a word of the news.
_LONG = 8
_HIDDEN = "[hidden]"


def setting(name: str) -> str:
    """Name the setting that holds a feed's secret.

    >>> setting("wire")
    'ALERTS_FEED_WIRE'
    """
    return "ALERTS_FEED_" + name.upper().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secret of one feed: ``user:password``, or a token without a colon; empty if it needs none."""

    origin: tuple[str, str, int] | None = None
    secret: str = ""

    @classmethod
    def of(cls, feed: Feed, secrets: Mapping[str, str]) -> Credentials:
        """Find the secret of a feed.

        :raises FetchError: it needs one that is not set, or that cannot be sent.
        """
        if not feed.secret:
            return cls()
        secret = secrets.get(feed.secret, "").strip()
        if not secret:
            raise FetchError(f'its secret "{feed.secret}" is not set; set {setting(feed.secret)}')
        if not secret.isprintable():
            raise FetchError(
                f'its secret "{feed.secret}" has a line break or the like; set {setting(feed.secret)} anew'
            )
        return cls(_origin(feed.url), secret)

    def headers(self, url: str) -> dict[str, str]:
        """Give the header for an address: none if it is of another origin than the feed's own."""
        if not self.secret or _origin(url) != self.origin:
            return {}
        return {"Authorization": f"Basic {_basic(self.secret)}" if ":" in self.secret else f"Bearer {self.secret}"}

    def hide(self, got: Fetched | FetchError) -> Fetched | FetchError:
        """Take the secret out of an answer: there are servers that say it back."""
        if not self.secret:
            return got
        if isinstance(got, FetchError):
            reason = self._hidden(got.reason)
            return FetchError(reason, status=got.status, retry_after=got.retry_after, fault=got.fault, led=got.led)
        body = got.body
        for part in self._parts(_LONG):
            body = body.replace(part.encode(), _HIDDEN.encode())
        return replace(got, body=body, content_type=self._hidden(got.content_type), links=self._hidden(got.links))

    def _hidden(self, text: str) -> str:
        for part in self._parts(_SHORT):
            text = text.replace(part, _HIDDEN)
            # What was cut off may end in the middle of it.
            end = text.removesuffix("…")
            cut = next((n for n in range(len(part) - 1, _SHORT - 1, -1) if end.endswith(part[:n])), 0)
            text = end[:-cut] + _HIDDEN if cut else text
        return text

    def _parts(self, at_least: int) -> tuple[str, ...]:
        """Give every form of the secret that is so long, the longest first."""
        user, colon, password = self.secret.partition(":")
        plain = {self.secret, password, user} if colon else {self.secret}
        forms = {form for part in plain for form in (part, quote(part, safe=""), quote_plus(part))}
        return tuple(sorted((f for f in forms | {_basic(self.secret)} if len(f) >= at_least), key=len, reverse=True))


def _basic(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
