"""The ways in and out that the configuration and the settings describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alerts import subscribing, urls
from alerts.adapters import dkim, http, secrets
from alerts.adapters.apprise import AppriseChannel
from alerts.adapters.broken import BrokenChannel
from alerts.adapters.clock import utc
from alerts.adapters.email import domain_of
from alerts.adapters.http import HttpFetch
from alerts.adapters.http.credentials import setting
from alerts.adapters.inbox import InboxChannel
from alerts.adapters.memory import MemoryHosts, MemoryTable
from alerts.adapters.rewriter import Rewriter
from alerts.adapters.slack import TOKEN, SlackBot, SlackChannel
from alerts.adapters.smtp import SmtpChannel
from alerts.adapters.webhook import WebhookChannel
from alerts.config import ChannelSettings, Config
from alerts.errors import AlertsError
from alerts.model import Kind
from alerts.ports import Channel, Hosts, Table
from alerts.subscribing import Callback

Lookup = Callable[[str], str | None]
"""How a setting is found by its name (``ALERTS_SQL``): ``os.environ.get``, or Airflow's Connections before it."""


def config_of(lookup: Lookup) -> Path:
    """Give the folder of the YAML files."""
    return Path(lookup("ALERTS_CONFIG") or "config")


def web_address(lookup: Lookup, name: str, what: str) -> str:
    """Give the web address that a setting holds, or nothing; ``what`` says which one is meant.

    Raises:
        AlertsError: The setting is no web address.
    """
    url = lookup(name) or ""
    if url and not urls.is_web(url):
        raise AlertsError(f"{name} is no http(s) address; write the one {what}")
    return url


def fetcher(config: Config, lookup: Lookup, hosts: Hosts | None = None) -> HttpFetch:
    """Give the way in that is configured, with the secrets of the feeds that need one."""
    names = {feed.secret for feed in config.feeds if feed.secret}
    found = {name: secret for name in sorted(names) if (secret := lookup(setting(name)))}
    return HttpFetch(
        contact=config.contact, allow_hosts=config.allow_hosts, hosts=hosts or MemoryHosts(), secrets=found, clock=utc
    )


def callback(config: Config, lookup: Lookup, var: Path) -> Callback | None:
    """Give where hubs call us, if that is set.

    Raises:
        AlertsError: The setting is no web address.
    """
    url = web_address(lookup, "ALERTS_CALLBACK", "at which `alerts serve` is reached").rstrip("/")
    if not url:
        return None

    def ask(hub: str, body: bytes) -> tuple[int, str]:
        limit, allowed = subscribing.SLOWEST, config.allow_hosts
        posted = http.ask(hub, body=body, contact=config.contact, allow_hosts=allowed, timeout=limit)
        return posted.status, posted.reason

    return Callback(url, secrets.websub_key(var), ask, config.allow_hosts)


@dataclass(frozen=True, slots=True)
class Shared:
    """What channels share across all workers: whose turn it is, and the first message of each story in Slack."""

    hosts: Hosts = field(default_factory=MemoryHosts)
    threads: Table[str] = field(default_factory=MemoryTable)


def channel(settings: ChannelSettings, lookup: Lookup, var: Path, shared: Shared | None = None) -> Channel:
    """Give the way out that is configured, or the local inbox while its connection is not.

    A wrong URL or secret stops this channel alone; what is meant for it waits.
    """
    name = settings.connection.upper()
    url, secret = lookup(name), lookup(f"{name}_SECRET") or secrets.webhook_secret(var)
    if not url:
        return InboxChannel(var / "inbox", settings.kind, sender=settings.sender, secret=secret)
    try:
        dkim_, allowed = lookup(f"{name}_DKIM"), settings.allow_hosts
        return _OPEN[settings.kind](_Way(settings.sender, url, secret, dkim_, shared or Shared(), allowed))
    except ValueError as error:
        return BrokenChannel(f'channel "{settings.id}" cannot be used: {name}: {error}')


@dataclass(frozen=True, slots=True)
class _Way:
    """What a channel is opened with; ``dkim`` is the setting of its signature, if there is one."""

    sender: str
    url: str
    secret: str
    dkim: str | None
    shared: Shared
    allow_hosts: frozenset[str]

    @property
    def web(self) -> str:
        """The URL, where it must be one of the web.  Raises ``ValueError`` if it is not."""
        if not urls.is_web(self.url):
            raise ValueError("is no http(s) address")
        return self.url


def _mail(way: _Way) -> Channel:
    """Open a mail server."""
    signer = dkim.signer(way.dkim, domain_of(way.sender)) if way.dkim else None
    return SmtpChannel(way.url, way.sender, signer=signer)


def _slack(way: _Way) -> Channel:
    """Open Slack, as a bot or by an incoming webhook."""
    if way.url.startswith(TOKEN):
        return SlackBot(way.url, way.shared.threads, way.shared.hosts, allow_hosts=way.allow_hosts)
    return SlackChannel(way.web, hosts=way.shared.hosts, allow_hosts=way.allow_hosts)


_OPEN: Mapping[Kind, Callable[[_Way], Channel]] = {
    "mail": _mail,
    "slack": _slack,
    "webhook": lambda way: WebhookChannel(way.web, way.secret, allow_hosts=way.allow_hosts),
    "apprise": lambda way: AppriseChannel(way.url, allow_hosts=way.allow_hosts),
}
"""How each kind of channel is opened, once its connection is there."""


def rewriter(lookup: Lookup) -> Rewriter | None:
    """Give the language model that is configured, or none; it takes an address and the name of a model."""
    url, model = lookup("ALERTS_MODEL"), lookup("ALERTS_MODEL_NAME")
    return Rewriter(url, model, lookup("ALERTS_MODEL_SECRET") or "") if url and model else None
