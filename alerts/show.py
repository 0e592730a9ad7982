"""What the command line shows: the report of a run, the feeds, the deliveries, a dry run."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from alerts import app as app_
from alerts import config as config_
from alerts import feeds as feeds_
from alerts.adapters.children import ChildParse, Children
from alerts.adapters.discovery import Candidate
from alerts.adapters.inbox import WRITTEN, InboxChannel
from alerts.adapters.indexes import IndexParse
from alerts.adapters.memory import MemoryChannel
from alerts.adapters.sql import queries
from alerts.app import App
from alerts.digests.silences import matchers
from alerts.errors import ConfigError
from alerts.model import Report, Silence

LINES = 12
"""How many lines of a kind are printed; the rest are counted, and `alerts feeds` has them all."""

NAMES = 6
"""How many feeds are named that fail for the same reason."""

RECENT = 10_000
"""How many deliveries a report looks back over."""

INDENT = " " * 14


def report(app: App, since: datetime, out: Console) -> None:
    """Print what the stages did since then, what was sent, and where it went."""
    if app.engine is None:
        return
    for line in _summary(queries.reports_since(app.engine, since)):
        out.print(line, markup=False)
    sent = [r for r in queries.recent_deliveries(app.engine, RECENT) if r.delivery.made >= since]
    for line in (*_by_channel(sent, app), *_files(sent, app)):
        out.print(line, markup=False)


def kept(made: Report) -> Iterator[str]:
    """Say what housekeeping has deleted, put back and found."""
    count = Counter(dict(made.counts))
    yield (
        f"deleted       {number(count['articles'], 'article')}, {number(count['matches'], 'match', 'es')}, "
        f"{number(count['developments'], 'development')}, {count['stories']} stories"
    )
    yield (
        f"{INDENT}{count['deliveries']} deliveries, {number(count['reports'], 'report')}, "
        f"{number(count['files'], 'file')} of the local inbox, {number(count['seen'], 'mark')} of what was seen"
    )
    yield f"{INDENT}{number(count['asked'], 'sign-up')} that nobody confirmed"
    yield f"put back      {number(count['index'], 'mark')} that Redis had lost"
    yield f"sick          {number(count['sick'], 'feed')}"
    yield from (f"{INDENT}{line}" for line in made.lines)


def _by_channel(sent: Iterable[queries.DeliveryRecord], app: App) -> Iterator[str]:
    """Count what went through each channel, and say which of it went to the local inbox and why."""
    count = Counter((record.delivery.channel, record.state, _went_to_the_inbox(record)) for record in sent)
    connections = {settings.id: settings.connection.upper() for settings in app.config.channels}
    for (channel, state, inbox), number in sorted(count.items()):
        where = f" to the local inbox: {connections.get(channel, 'its connection')} is not set" if inbox else ""
        yield f"{INDENT}{channel}: {number} {state.replace('_', ' ')}{where}"


def _went_to_the_inbox(record: queries.DeliveryRecord) -> bool:
    """Tell it by the receipt: Airflow may know a connection that this process does not."""
    return bool(record.receipts) and record.receipts[-1].reason.startswith(WRITTEN)


def _files(sent: Iterable[queries.DeliveryRecord], app: App) -> Iterator[str]:
    """Name the files of the newest alert and the newest digest of each channel that is the local inbox."""
    newest = {(record.delivery.channel, record.delivery.id.partition(":")[0]): record for record in reversed([*sent])}
    head = "to read"
    for (channel, kind), record in sorted(newest.items()):
        inbox = app.channels.get(channel)
        for path in inbox.written(record.delivery.id) if isinstance(inbox, InboxChannel) else ():
            yield f"{head:<14}{kind} by {channel}: {_short(path)}"
            head = ""


def _short(path: Path) -> Path:
    """Give the path as one would type it here."""
    here = Path.cwd()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path


def _summary(reports: Iterable[Report]) -> Iterator[str]:
    """Add the reports up, a paragraph a stage."""
    total: dict[str, Counter[str]] = {stage: Counter() for stage in app_.LINE}
    lines: dict[str, dict[str, None]] = {stage: {} for stage in app_.LINE}
    for made in reports:
        if made.stage not in total:  # housekeeping has a report of its own
            continue
        total[made.stage].update(dict(made.counts))
        lines[made.stage].update(dict.fromkeys(made.lines))
    poll, match, group, compose, deliver = (total[stage] for stage in app_.LINE)
    polled = poll["due"] - poll["held"]
    left = f"; {poll['held']} left for the next run, because their hosts are to be left alone" if poll["held"] else ""
    yield (
        f"collected     {number(poll['articles'], 'new article')}; {number(polled, 'feed')} polled: "
        f"{polled - poll['failed']} answered, {poll['unchanged']} of them unchanged (304), {poll['failed']} failed"
        + left
    )
    yield from _some(_alike(lines["poll"]))
    yield (
        f"matched       {match['matched']} of {match['read']} articles met a rule; {match['no_rule']} met none, "
        f"{match['quiet']} were too old at their feed's first poll"
    )
    told_nobody = group["read"] - group["developments"] - group["copies"]
    yield (
        f"grouped       {number(group['developments'], 'development')}, {group['new_stories']} of them new stories; "
        f"nobody is told of {group['copies']} copies and {told_nobody} repeats and opinions"
    )
    yield f"composed      {number(compose['digests'], 'digest')}, {number(compose['alerts'], 'alert')}"
    yield (
        f"sent          {deliver['delivered']} delivered, {deliver['deferred']} deferred, {deliver['refused']} refused"
    )
    yield from _some(lines["deliver"])


def number(count: int, what: str, more: str = "s") -> str:
    """Count in words, of which some end in a consonant and y.

    >>> number(1, "digest"), number(0, "alert"), number(2, "match", "es"), number(2, "delivery")
    ('1 digest', '0 alerts', '2 matches', '2 deliveries')
    """
    if count == 1:
        return f"1 {what}"
    return f"{count} {what[:-1]}ies" if what.endswith(("ry", "ty", "cy")) else f"{count} {what}{more}"


def _alike(lines: Iterable[str]) -> Iterator[str]:
    """Put the feeds that fail for the same reason on one line."""
    feeds: dict[str, list[str]] = {}
    for line in lines:
        subject, _, reason = line.partition('": ')
        feeds.setdefault(reason if subject.startswith('feed "') else "", []).append(subject.removeprefix('feed "'))
    for reason, names in feeds.items():
        if not reason or len(names) == 1:
            yield from (f"{name}: {reason}" if reason else name for name in names)
            continue
        more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
        yield f"{len(names)} feeds: {reason}: {', '.join(names[:NAMES])}{more}"


def _some(lines: Iterable[str]) -> Iterator[str]:
    """Give the first lines, and count the rest."""
    every = list(lines)
    yield from (f"{INDENT}{line}" for line in every[:LINES])
    if len(every) > LINES:
        yield f"{INDENT}… and {len(every) - LINES} more"


def feeds(app: App) -> Table:
    """Make the table of feed health."""
    table = Table("feed", "outlet", "health", "since", "last good", "next poll", "why", box=SIMPLE)
    now = app.clock()
    for feed in app.config.feeds:
        state = feeds_.settled(feed, app.stores.states.get(feed.id))
        if state is None:
            table.add_row(feed.id, feed.outlet, "new", "", "", "at once", "")
            continue
        next_poll = "never" if state.health == "gone" else _time(state.next_poll)
        times = (_time(state.since), _time(state.last_good), next_poll)
        table.add_row(feed.id, feed.outlet, state.health, *times, _plain(feeds_.why(feed, state, now)))
    return table


def candidate(found: Candidate) -> str:
    """Say what was found at an address that may be a feed's."""
    if found.feed is None:
        return f"{found.url}\n  no feed: {found.why}"
    feed = found.feed
    newest = f", the newest of {feed.newest:%Y-%m-%d %H:%M} UTC" if feed.newest else ""
    titled = f' "{feed.title}"' if feed.title else ""
    entries = f"{feed.entries} entr{'y' if feed.entries == 1 else 'ies'}"
    return f"{found.url}\n  {feed.kind}{titled}: {entries}{newest}"


def folders(lost: Counter[str]) -> str:
    """Say which folders of a list are not kept."""
    named = [name for name, _ in lost.most_common(NAMES)]
    more = f" and {len(lost) - NAMES} more" if len(lost) > NAMES else ""
    return f"folders are not kept: {', '.join(named)}{more}"


def silences(found: Iterable[Silence], now: datetime) -> Table:
    """Make the table of silences, the first to end first."""
    table = Table("id", Column("what", overflow="fold"), "until", "author", "reason", box=SIMPLE)
    for silence in sorted(found, key=lambda s: s.until):
        what = ", ".join(f"{kind} {_plain(value)}" for kind, value in matchers(silence))
        ended = "" if now < silence.until else " (ended)"
        table.add_row(
            silence.id, what, f"{_time(silence.until)}{ended}", _plain(silence.author), _plain(silence.reason)
        )
    return table


def subscribers(rows: Iterable[tuple[str, ...]]) -> Table:
    """Make the table of readers and of addresses that are left alone."""
    table = Table("id", "address", "subscription", "since", Column("stands", overflow="fold"), box=SIMPLE)
    for row in rows:
        table.add_row(*map(_plain, row))
    return table


def dry_run(folder: Path, out: Console) -> None:
    """Run the line in memory on the real feeds, and print what would go out.

    Raises:
        ConfigError: A file is wrong; every problem is in it.
    """
    config, problems = config_.check(config_.read(folder))
    if problems:
        raise ConfigError(problems)
    channels = {settings.id: MemoryChannel() for settings in config.channels}
    fetch = app_.fetcher(config, os.environ.get)
    with Children() as children:
        app = app_.in_memory(config, fetch, channels, parse=IndexParse(ChildParse(children), fetch))
        reports = [app.run(stage, digest_now=True) for stage in app_.LINE]
    for line in _summary(reports):
        out.print(line, markup=False)
    for channel, collector in channels.items():
        for delivery in collector.sent:
            out.rule(f"{channel}: {delivery.id}")
            out.print(delivery.message.text, markup=False)


def schemas(folder: Path, out: Console) -> None:
    """Write the JSON Schema of each kind of file, for editors that check YAML as it is typed."""
    folder.mkdir(exist_ok=True)
    for kind, schema in config_.schema().items():
        path = folder / f"{kind}.json"
        path.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n")
        out.print(f"{path}: written", markup=False)


def _time(at: datetime | None) -> str:
    return f"{at:%m-%d %H:%M:%S}" if at else ""


def _plain(text: str) -> str:
    """Keep brackets from being read as markup."""
    return text.replace("[", r"\[")
