"""Whether this machine's clock is right: against those of the stores, and against web servers outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import config as config_
from alerts import urls
from alerts.adapters import http
from alerts.app import Lookup, config_of, utc, web_address
from alerts.config import Config
from alerts.doctor.finding import Finding
from alerts.errors import AlertsError, ConfigError, FetchError

URL = "ALERTS_CLOCK_URL"

CLOCKS = timedelta(seconds=5)
"""How far two clocks may be apart; leases are minutes, slots are told to the minute."""

ASKED = 3
"""How many servers are asked at most: one may be wrong itself."""

TIMEOUT = timedelta(seconds=5)

SECOND = timedelta(seconds=1)
"""What ``Date`` is rounded down to."""

TimeAt = Callable[[str, Config], datetime]
"""Asks a web server what time it is.  Raises ``FetchError``."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A server that said what time it is, and how far that is from ours."""

    host: str
    apart: timedelta


def clock(where: str, apart: timedelta) -> Finding:
    """Judge how far the clock of this machine and another are apart."""
    said = f"the clocks of this machine and of {where} are {apart.total_seconds():.1f} s apart"
    if apart > CLOCKS:
        return Finding("wrong", "clock", said, "let NTP set both: leases and slots go by the clock")
    return Finding("well", "clock", said)


def examine(lookup: Lookup, time_at: TimeAt | None = None) -> Iterator[Finding]:
    """Hold our clock against the ``Date`` of the server that is set, or of the first feeds' servers.

    The first that agrees ends it.  One feed's server that does not is no proof; two are.
    """
    try:
        chosen = web_address(lookup, URL, "of a web server that has the right time")
    except AlertsError as error:
        yield Finding("wrong", "clock", str(error), "or leave it away: then the servers of feeds are asked")
        return
    config = _config(lookup)
    found, silent = _witnesses((chosen,) if chosen else _servers(config), config, time_at or _time_at)
    if not found:
        said = f"no web server said what time it is{': ' if silent else ''}{'; '.join(silent)}"
        yield Finding("look", "clock", said, f"set {URL} to one that has the right time and is reached from here")
        return
    nearest = min(found, key=lambda witness: witness.apart)
    judged = clock(f"{nearest.host} (the Date of its answer)", nearest.apart)
    if judged.state == "wrong" and len(found) == 1 and not chosen:
        judged = Finding("look", judged.part, judged.said, f"see which is right: set {URL} to a server that surely is")
    yield judged


def _config(lookup: Lookup) -> Config:
    """Read what is sound in the configuration."""
    try:
        return config_.examine(config_.read(config_of(lookup))).config
    except ConfigError:
        return Config()


def _servers(config: Config) -> tuple[str, ...]:
    """Give an address on each of the first servers."""
    first = {urls.host(feed.url): feed.url for feed in reversed(config.feeds)}
    return tuple(dict.fromkeys(first[urls.host(feed.url)] for feed in config.feeds))[:ASKED]


def _witnesses(asked: tuple[str, ...], config: Config, time_at: TimeAt) -> tuple[list[Witness], list[str]]:
    """Ask one after the other, until one agrees; gives what they said, and why others said nothing."""
    found: list[Witness] = []
    silent: list[str] = []
    for url in asked:
        before = utc()
        try:
            there = time_at(url, config)
        except FetchError as error:
            silent.append(f"{urls.host(url)}: {error.reason}")
            continue
        found.append(Witness(urls.host(url), _apart(there, before, utc())))
        if found[-1].apart <= CLOCKS:
            break
    return found, silent


def _apart(there: datetime, before: datetime, after: datetime) -> timedelta:
    """Say how far a time that was said between two of ours is from both; within them it is not apart at all."""
    return max(before - (there + SECOND), there - after, timedelta(0))


def _time_at(url: str, config: Config) -> datetime:
    return http.time_at(url, contact=config.contact, allow_hosts=config.allow_hosts, timeout=TIMEOUT)
