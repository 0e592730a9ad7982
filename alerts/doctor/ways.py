"""The configuration, and the connection of each channel."""

from __future__ import annotations

from collections.abc import Iterator

from alerts import config as config_
from alerts import urls
from alerts.adapters.broken import BrokenChannel
from alerts.adapters.inbox import InboxChannel
from alerts.adapters.slack import SlackChannel
from alerts.adapters.webhook import WebhookChannel
from alerts.app import Lookup, channel, config_of, folder_of, pulse
from alerts.config import Config
from alerts.config.scalars import is_private
from alerts.doctor.finding import Finding
from alerts.errors import AlertsError, ConfigError
from alerts.ports import Channel

SECRETS = ("webhook.secret", "websub.secret", "desk.secret")


def examine(lookup: Lookup) -> Iterator[Finding]:
    """Read the configuration as the line does, and make its channels without using them."""
    try:
        config, problems = config_.check(config_.read(config_of(lookup)))
    except ConfigError as error:
        yield Finding("wrong", "config", str(error).splitlines()[0], "set ALERTS_CONFIG, or --config")
        return
    if problems:
        said = f"{len(problems)} mistakes, the first of them: {problems[0]}"
        yield Finding(
            "wrong", "config", said, "`alerts check` shows all; until then the last good versions are in force"
        )
    else:
        feeds, rules = len(config.feeds), len(config.rules)
        yield Finding("well", "config", f"{feeds} feeds, {rules} rules, {len(config.subscriptions)} subscriptions")
    yield from _channels(config, lookup)
    yield _heartbeat(lookup)
    yield from _secrets(lookup)


def _channels(config: Config, lookup: Lookup) -> Iterator[Finding]:
    var = folder_of(lookup)
    for settings in config.channels:
        made, part = channel(settings, lookup, var), f"channel {settings.id}"
        if isinstance(made, BrokenChannel):
            yield Finding("wrong", part, made.reason, "what is meant for it waits until it is mended")
        elif isinstance(made, InboxChannel):
            name = settings.connection.upper()
            yield Finding("look", part, f"{name} is not set: it goes to the local inbox", f"set {name}, if it is meant")
        elif host := _barred(made):
            said = (
                f"{settings.connection.upper()} leads to this machine or a private network, and nothing is sent there"
            )
            yield Finding("wrong", part, said, f"if it is meant, add {host} to allow_hosts in config/channels.yaml")
        else:
            yield Finding("well", part, f"{settings.kind}, by {settings.connection.upper()}")


def _barred(made: Channel) -> str:
    """Name the host of a channel if it is private by its name alone and not allowed; others are seen when dialled."""
    if not isinstance(made, SlackChannel | WebhookChannel):
        return ""
    host = urls.host(made.url).strip("[]")
    return host if is_private(host) and host not in made.allow_hosts else ""


def _heartbeat(lookup: Lookup) -> Finding:
    try:
        url = pulse.address(lookup)
    except AlertsError as error:
        return Finding("wrong", "heartbeat", str(error), "nothing runs until it is mended")
    if not url:
        said = f"{pulse.URL} is not set: nobody outside notices when the line is dead"
        return Finding("look", "heartbeat", said, "set it to the address of a service that waits for a ping")
    return Finding("well", "heartbeat", "a service outside is called after each round")


def _secrets(lookup: Lookup) -> Iterator[Finding]:
    for name in SECRETS:
        path = folder_of(lookup) / name
        if path.exists() and path.stat().st_mode & 0o077:
            yield Finding("wrong", "secrets", f"{name} can be read by other users", f"chmod 600 {name} in ALERTS_VAR")
