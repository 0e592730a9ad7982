"""What people ask: plain questions for ``alerts explain``, the lists of the command line, and the desk.

Nothing is written.  The names of the logs and tables are those that ``app/stores.py`` gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, func, or_, select

from alerts import deliveries as deliveries_
from alerts.adapters.codec import Codec
from alerts.adapters.sql.engine import reading
from alerts.adapters.sql.logs import url_hash
from alerts.adapters.sql.tables import log, outbox, readers, receipts, rows
from alerts.model import Article, Delivery, DeliveryState, Development, Match, Receipt, Report, Story

V = TypeVar("V")

_CHUNK = 500
"""The most ids in one question."""

_delivery = Codec(Delivery)
_receipt = Codec(Receipt)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A delivery with all that is known of it.  ``next_attempt`` is ``None`` once it is closed."""

    delivery: Delivery
    state: DeliveryState
    attempts: int
    next_attempt: datetime | None
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class ReaderBacklog:
    """How much of a log a reader has still to read; ``oldest`` is when the first of it was written."""

    reader: str
    backlog: int
    oldest: datetime | None
    subscribed: datetime | None


@dataclass(frozen=True, slots=True)
class LogCount:
    """How many values a log holds, and how far its readers are."""

    log: str
    values: int
    readers: tuple[ReaderBacklog, ...]


# ── one article, all the way ─────────────────────────────────────────────────────────────────────────────────────────


def find_articles(engine: Engine, url_or_id: str) -> tuple[Article, ...]:
    """Give every version of an article, oldest first, by its canonical URL, its id, or the key of one version."""
    named = or_(log.c.article == url_or_id, log.c.url_hash == url_hash(url_or_id), log.c.key == url_or_id)
    return _values(engine, Article, _bodies("articles").where(named))


def find_match(engine: Engine, key: str) -> Match | None:
    """Give the match of one version of an article; ``None`` if it met no rule, or is not read yet."""
    found = _values(engine, Match, _bodies("matches").where(log.c.key == key))
    return found[0] if found else None


def find_developments(engine: Engine, article: str) -> tuple[Development, ...]:
    """Give what the versions of an article (by its id) brought that was new, oldest first."""
    return _values(engine, Development, _bodies("developments").where(log.c.article == article))


def find_stories_of(engine: Engine, article: str) -> tuple[Story, ...]:
    """Give the stories that an article (by its id) is a member of, copies and repeats included.

    Looks at the text of every story: a question for a person, not for a stage.
    """
    written = Codec(str).encode(article)
    query = select(rows.c.body).where(rows.c.name == "stories", rows.c.body.contains(written, autoescape=True))
    stories = _values(engine, Story, query.order_by(rows.c.key))
    return tuple(story for story in stories if any(member.article == article for member in story.members))


def deliveries_of(engine: Engine, key: str) -> tuple[DeliveryRecord, ...]:
    """Give the deliveries that may have told of a development: its alerts, and each subscription's digest.

    An alert carries the development's key in its id.  A digest is the subscription's first that reads as far as the
    development's position; that it told of it is sure only for a subscription that wants the rule and had begun.
    """
    with reading(engine) as connection:
        position = connection.execute(
            select(log.c.position).where(log.c.name == "developments", log.c.key == key)
        ).scalar()
        found = connection.execute(_alerts_with(key)).all()
        alerts = [id_ for id_, body in found if _tells(id_, key) or key in _delivery.decode(body).tells]
        digests = [] if position is None else connection.execute(_digests_over(position)).scalars().all()
        return _records(connection, _outbox().where(outbox.c.id.in_([*alerts, *digests])))


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def recent_deliveries(
    engine: Engine,
    limit: int = 20,
    *,
    state: str | None = None,
    subscription: str | None = None,
    channel: str | None = None,
    since: datetime | None = None,
) -> tuple[DeliveryRecord, ...]:
    """Give the last deliveries that were made, newest first, with their receipts."""
    query = _outbox().order_by(None).order_by(outbox.c.position.desc()).limit(limit)
    asked = ((outbox.c.state, state), (outbox.c.subscription, subscription), (outbox.c.channel, channel))
    for column, value in asked:
        query = query if value is None else query.where(column == value)
    if since is not None:
        query = query.where(outbox.c.made >= since)
    with reading(engine) as connection:
        return _records(connection, query)


def find_delivery(engine: Engine, id_: str) -> DeliveryRecord | None:
    """Give one delivery with its receipts; ``None`` if there is none of this id."""
    with reading(engine) as connection:
        found = _records(connection, _outbox().where(outbox.c.id == id_))
    return found[0] if found else None


def find_digest(engine: Engine, name: str) -> DeliveryRecord | None:
    """Give one delivery of a digest by its name, to whomever it went; ``None`` if none is kept."""
    query = _outbox().where(or_(outbox.c.id == name, outbox.c.id.startswith(f"{name}:", autoescape=True))).limit(1)
    with reading(engine) as connection:
        found = _records(connection, query)
    return found[0] if found else None


def recent_developments(engine: Engine, limit: int = 50) -> tuple[Development, ...]:
    """Give the last developments that were made, newest first."""
    newest = _bodies("developments").order_by(None).order_by(log.c.position.desc()).limit(limit)
    return _values(engine, Development, newest)


def stories_by_id(engine: Engine, ids: Sequence[str]) -> dict[str, Story]:
    """Give the stories of these ids; one that is kept no more is not among them."""
    found: dict[str, Story] = {}
    for first in range(0, len(ids), _CHUNK):
        some = rows.c.key.in_(ids[first : first + _CHUNK])
        for story in _values(engine, Story, select(rows.c.body).where(rows.c.name == "stories", some)):
            found[story.id] = story
    return found


def find_deliveries(engine: Engine, beginning: str, limit: int = 20) -> tuple[DeliveryRecord, ...]:
    """Give deliveries whose id begins so, in the order of their ids."""
    named = _outbox().where(outbox.c.id.startswith(beginning, autoescape=True))
    with reading(engine) as connection:
        return _records(connection, named.order_by(None).order_by(outbox.c.id).limit(limit))


def waiting(engine: Engine) -> dict[str, int]:
    """Count what is open, by channel."""
    query = select(outbox.c.channel, func.count()).where(outbox.c.state == "open").group_by(outbox.c.channel)
    with reading(engine) as connection:
        return {str(channel): int(count) for channel, count in connection.execute(query)}


def bounces(engine: Engine, since: datetime) -> tuple[tuple[Delivery, Receipt], ...]:
    """Give the deliveries whose recipient was refused for good since then, oldest first, with what was said.

    That is the recipient's alone: such an address can be paused, and no channel need be.
    """
    query = (
        select(outbox.c.body, receipts.c.body)
        .join(receipts, receipts.c.delivery == outbox.c.id)
        .where(receipts.c.at >= since, receipts.c.outcome == "refused")
        .order_by(receipts.c.position)
    )
    with reading(engine) as connection:
        found = [(_delivery.decode(body), _receipt.decode(said)) for body, said in connection.execute(query)]
    return tuple((delivery, receipt) for delivery, receipt in found if deliveries_.is_bounce(receipt))


def delivery_counts(engine: Engine) -> dict[DeliveryState, int]:
    """Count the deliveries in each state."""
    query = select(outbox.c.state, func.count().label("number")).group_by(outbox.c.state)
    with reading(engine) as connection:
        return {row.state: row.number for row in connection.execute(query)}


def channel_counts(engine: Engine, since: datetime | None = None) -> dict[tuple[str, DeliveryState], int]:
    """Count the deliveries, or those that were made at or after ``since``, by channel and state."""
    number = func.count().label("number")
    query = select(outbox.c.channel, outbox.c.state, number)
    if since is not None:
        query = query.where(outbox.c.made >= since)
    with reading(engine) as connection:
        found = connection.execute(query.group_by(outbox.c.channel, outbox.c.state)).all()
    return {(row.channel, row.state): row.number for row in found}


def oldest_due(engine: Engine, now: datetime) -> dict[str, datetime]:
    """Give for each channel since when the open delivery is due that is due longest, if one is."""
    due = (outbox.c.state == "open", outbox.c.next_attempt <= now)
    query = (
        select(outbox.c.channel, func.min(outbox.c.next_attempt).label("since")).where(*due).group_by(outbox.c.channel)
    )
    with reading(engine) as connection:
        return {row.channel: row.since for row in connection.execute(query)}


def reports_since(engine: Engine, since: datetime) -> tuple[Report, ...]:
    """Give what the stages reported at or after ``since``, oldest first."""
    found = _values(engine, Report, _bodies("reports").where(log.c.written >= since))
    return tuple(report for report in found if report.at >= since)


def last_runs(engine: Engine, stage: str, limit: int) -> tuple[datetime, ...]:
    """Give the times of the last reports of a stage, newest first; a report's key is its stage and its time."""
    keys = select(log.c.key).where(log.c.name == "reports", log.c.key.startswith(f"{stage}@"))
    with reading(engine) as connection:
        found = connection.execute(keys.order_by(log.c.position.desc()).limit(limit)).scalars()
        return tuple(datetime.fromisoformat(key.partition("@")[2]) for key in found)


def last_report(engine: Engine, stage: str) -> Report | None:
    """Give the last report of a stage; ``None`` if there is none that is kept."""
    last = select(log.c.body).where(log.c.name == "reports", log.c.key.startswith(f"{stage}@"))
    found = _values(engine, Report, last.order_by(log.c.position.desc()).limit(1))
    return found[0] if found else None


def log_counts(engine: Engine) -> tuple[LogCount, ...]:
    """Count every log, and for each of its readers what is still to read."""
    with reading(engine) as connection:
        sizes = connection.execute(select(log.c.name, func.count()).group_by(log.c.name)).all()
        behind = connection.execute(_backlogs()).all()
    counts = {str(name): int(values) for name, values in sizes}
    names = sorted(counts | {row.log: 0 for row in behind})
    return tuple(LogCount(name, counts.get(name, 0), _readers_of(name, behind)) for name in names)


def unread(engine: Engine, name: str, reader: str) -> int:
    """Give the end of a log that the reader has not read to its end; 0 if it has."""
    read = select(readers.c.position).where(readers.c.log == name, readers.c.reader == reader).scalar_subquery()
    end = select(func.max(log.c.position)).where(log.c.name == name, log.c.position > func.coalesce(read, 0))
    with reading(engine) as connection:
        return connection.execute(end).scalar() or 0


def written_between(engine: Engine, name: str, of: type[V], since: datetime, until: datetime) -> tuple[V, ...]:
    """Give the values of a log that were written at or after ``since`` and before ``until``, oldest first."""
    return _values(engine, of, _bodies(name).where(log.c.written >= since, log.c.written < until))


# ── how ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _bodies(name: str) -> Select[Any]:
    return select(log.c.body).where(log.c.name == name).order_by(log.c.position)


def _values(engine: Engine, of: type[V], query: Select[Any]) -> tuple[V, ...]:
    codec = Codec(of)
    with reading(engine) as connection:
        return tuple(codec.decode(body) for body in connection.execute(query).scalars())


def _alerts_with(key: str) -> Select[Any]:
    named = outbox.c.id.contains(f":{key}", autoescape=True)
    told = outbox.c.body.contains(Codec(str).encode(key), autoescape=True)  # in a group, behind the first of it
    return select(outbox.c.id, outbox.c.body).where(outbox.c.id.startswith("alert:"), or_(named, told))


def _tells(delivery: str, key: str) -> bool:
    """Tell whether an alert is of this very key: at the end of its id, or before the mark of the recipient.

    >>> [_tells(id_, "a1@v1") for id_ in ("alert:desk:a1@v1", "alert:desk:a1@v1:0f3c", "alert:desk:a1@v10")]
    [True, True, False]
    """
    return f"{delivery}:".find(f":{key}:") > 0


def _digests_over(position: int) -> Select[Any]:
    """The first digest of each subscription that reads as far as the position; it has a delivery per recipient."""
    first = (
        select(outbox.c.subscription, func.min(outbox.c.upto).label("upto"))
        .where(outbox.c.id.startswith("digest:"), outbox.c.upto >= position)
        .group_by(outbox.c.subscription)
        .subquery()
    )
    same = (outbox.c.subscription == first.c.subscription) & (outbox.c.upto == first.c.upto)
    return select(outbox.c.id).join(first, same).where(outbox.c.id.startswith("digest:"))


def _outbox() -> Select[Any]:
    wanted = (outbox.c.id, outbox.c.body, outbox.c.state, outbox.c.attempts, outbox.c.next_attempt)
    return select(*wanted).order_by(outbox.c.position)


def _records(connection: Connection, query: Select[Any]) -> tuple[DeliveryRecord, ...]:
    found = connection.execute(query).all()
    got = _receipts_of(connection, [row.id for row in found])
    return tuple(
        DeliveryRecord(
            _delivery.decode(row.body), row.state, row.attempts, row.next_attempt, tuple(got.get(row.id, ()))
        )
        for row in found
    )


def _receipts_of(connection: Connection, deliveries: Sequence[str]) -> dict[str, list[Receipt]]:
    got: dict[str, list[Receipt]] = {}
    for first in range(0, len(deliveries), _CHUNK):
        some = receipts.c.delivery.in_(deliveries[first : first + _CHUNK])
        query = select(receipts.c.delivery, receipts.c.body).where(some).order_by(receipts.c.position)
        for delivery, body in connection.execute(query):
            got.setdefault(delivery, []).append(_receipt.decode(body))
    return got


def _backlogs() -> Select[Any]:
    unread = (log.c.name == readers.c.log) & (log.c.position > readers.c.position)
    columns = (readers.c.log, readers.c.reader, readers.c.subscribed)
    return (
        select(*columns, func.count(log.c.position).label("backlog"), func.min(log.c.written).label("oldest"))
        .join_from(readers, log, unread, isouter=True)
        .group_by(*columns)
        .order_by(readers.c.log, readers.c.reader)
    )


def _readers_of(name: str, behind: Sequence[Row[Any]]) -> tuple[ReaderBacklog, ...]:
    return tuple(
        ReaderBacklog(row.reader, row.backlog, row.oldest, row.subscribed) for row in behind if row.log == name
    )
