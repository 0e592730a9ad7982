"""The services that Apprise knows: one URL, one place, one attempt, and a receipt that says what came of it.

Left to itself Apprise follows redirects, so that a POST which was sent elsewhere becomes a GET that succeeds; tries
some services again by itself; and says "no" without a reason.  Here redirects are off, a plugin that was told of a
failure asks for nothing more, and the status is read from what it logs.  It opens its own sockets, which are watched:
they go where ours may go.  The setting is ``ALERTS_APPRISE``.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from alerts import channels
from alerts.adapters import sockets
from alerts.model import Blame, Delivery, Outcome, Receipt

TIMEOUT = timedelta(seconds=45)
"""The longest that one attempt takes; a channel may take 60 s."""

_STATUS = re.compile(r"\berror=(\d{3})\b")
_BUSY = re.compile(r"rate.?limit", re.IGNORECASE)
_logger = logging.getLogger("apprise")


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """A place, as Apprise writes it: ``discord://…``, ``tgram://…``, ``ntfy://…``.  The URL is the credential.

    ``allow_hosts`` are those that may have an address that is not public.
    Raises ``ValueError`` if it is not one place: with several, a failure at one would send to all of them again.
    """

    url: str = field(repr=False)
    timeout: timedelta = TIMEOUT
    allow_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _plugin(self.url)

    def send(self, delivery: Delivery, *, attempt: int, now: datetime) -> Receipt:
        """Make one attempt, in a thread that is left behind if the service holds the line."""
        plugin, sending = _plugin(self.url), _Sending(self.allow_hosts)
        thread = threading.Thread(target=sending.run, args=(plugin, delivery), daemon=True)
        thread.start()
        thread.join(self.timeout.total_seconds())
        outcome, blame, words = sending.meaning()
        return Receipt(delivery.id, attempt, outcome, f"{plugin.service_name}: {words}", now, blame=blame)


@dataclass(slots=True)
class _Sending:
    """One attempt, what the plugin said while it made it, and what it was kept from."""

    allow_hosts: frozenset[str]
    taken: bool | None = None
    said: list[str] = field(default_factory=list)
    refusal: str = ""

    def run(self, plugin: Any, delivery: Delivery) -> None:
        """Let the plugin send, and listen to it."""
        plugin.throttle = self._before_each_request
        with _heard(self.said), sockets.watched(self.allow_hosts) as watch:
            try:
                taken = plugin.notify(body=delivery.message.text, title=delivery.message.subject, body_format="text")
            except _Enough:
                taken = False
            except Exception as error:  # noqa: BLE001 - a hundred plugins, and each may raise what its library raises
                self.said.append(type(error).__name__)
                taken = False
        self.refusal = watch.refusal
        self.taken = bool(taken)

    def meaning(self) -> tuple[Outcome, Blame, str]:
        """Say what came of it.  What is neither said nor known is tried again."""
        if self.taken is None:
            return "deferred", "", "no answer in time"
        if self.taken:
            return "delivered", "", "taken"
        if self.refusal:
            return *channels.meaning(0, barred=True), self.refusal
        statuses = [int(found) for line in self.said for found in _STATUS.findall(line)]
        statuses += [429 for line in self.said if _BUSY.search(line)]
        if not statuses:
            return "deferred", "", "not taken, and it did not say why"
        status = statuses[0]
        words = f"{status}: redirects are not followed" if 300 <= status < 400 else str(status)
        return *channels.meaning(status), words

    def _before_each_request(self, *_: object, **__: object) -> None:
        """Take the place of the plugin's own pauses: no second request after one that failed."""
        if self.said:
            raise _Enough


class _Enough(RuntimeError):  # noqa: N818 - nothing went wrong that was not known
    """Ends a plugin that is about to try again."""


def _plugin(url: str) -> Any:
    """Make the plugin of a URL, new for each attempt: it keeps a state.

    Raises:
        ValueError: There is no such service, the URL is not right for it, or it names several places.
    """
    try:
        library = import_module("apprise")
    except ImportError:
        raise ValueError("a channel of this kind needs a package more: pip install 'tocsin[apprise]'") from None
    asset = library.AppriseAsset(http_redirects=False, storage_mode=library.PersistentStoreMode.MEMORY)
    if len(url.split()) != 1:
        raise ValueError("must be one URL of Apprise's; a second place is a second channel")
    with _heard([]):
        plugin = library.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise ValueError("is no URL that Apprise knows, such as discord://id/token; https://appriseit.com has them all")
    if len(plugin) != 1:
        raise ValueError("names several places, and must name one: a failure at one would send to all again")
    plugin.redirects = False
    plugin.overflow_mode = library.OverflowMode.TRUNCATE
    return plugin


@contextmanager
def _heard(said: list[str]) -> Iterator[None]:
    """Collect the warnings that Apprise logs in this thread; they may hold a credential, and go nowhere else."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == here and record.levelno >= logging.WARNING:
                said.append(record.getMessage())

    here, listener = threading.get_ident(), Listener()
    _logger.addHandler(listener)
    # Below a warning it logs whole URLs, and those are credentials.
    _logger.setLevel(logging.WARNING)
    _logger.propagate = False
    try:
        yield
    finally:
        _logger.removeHandler(listener)
