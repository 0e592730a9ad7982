"""Readers who subscribed by themselves: the one table in which their addresses are."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, select

from alerts.adapters.codec import Codec
from alerts.adapters.sql.engine import insert, reading, serialise, writing
from alerts.adapters.sql.tables import readers, rows, subscribers
from alerts.subscribers import Pause, Subscriber

_subscriber = Codec(Subscriber)
_pause = Codec(Pause)
_PAUSES = "pauses"


class SqlSubscribers:
    """Subscribers by their id and by the mark of their address, and the marks that are left alone."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, id_: str) -> Subscriber | None:
        """Give the subscriber of this id."""
        return self._one(select(subscribers.c.body).where(subscribers.c.id == id_))

    def find(self, mark: str) -> Subscriber | None:
        """Give the subscriber whose address has this mark."""
        return self._one(select(subscribers.c.body).where(subscribers.c.mark == mark))

    def all(self) -> tuple[Subscriber, ...]:
        """Give every subscriber, the oldest first."""
        query = select(subscribers.c.body).order_by(subscribers.c.made, subscribers.c.id)
        with reading(self._engine) as connection:
            return tuple(_subscriber.decode(body) for body in connection.execute(query).scalars())

    def put(self, reader: Subscriber, mark: str) -> None:
        """Keep a subscriber.  Of two rows of one address the older stays."""
        row = {
            "id": reader.id,
            "mark": mark,
            "standing": reader.standing,
            "made": reader.made,
            "body": _subscriber.encode(reader),
        }
        with writing(self._engine) as connection:
            new = insert(connection, subscribers).values(row)
            changed = {name: new.excluded[name] for name in ("standing", "made", "body")}
            same = subscribers.c.id == reader.id
            connection.execute(new.on_conflict_do_update(index_elements=["mark"], set_=changed, where=same))

    def remove(self, reader: Subscriber) -> None:
        """Delete a subscriber, and how far they have read: a reader that is gone must hold up no clearing."""
        with writing(self._engine) as connection:
            connection.execute(delete(subscribers).where(subscribers.c.id == reader.id))
            connection.execute(delete(readers).where(readers.c.reader == reader.name))
            connection.execute(delete(rows).where(rows.c.name == "slots", rows.c.key == reader.name))

    def tidy(self, before: datetime) -> int:
        """Delete those who asked before that time, and did not confirm; gives their number."""
        old = (subscribers.c.standing == "asked") & (subscribers.c.made < before)
        with writing(self._engine) as connection:
            return connection.execute(delete(subscribers).where(old)).rowcount

    # ── who is left alone ────────────────────────────────────────────────────────────────────────────────────────────

    def pauses(self) -> tuple[Pause, ...]:
        """Give every address that is left alone."""
        query = select(rows.c.body).where(rows.c.name == _PAUSES).order_by(rows.c.at, rows.c.key)
        with reading(self._engine) as connection:
            found = [_pause.decode(body) for body in connection.execute(query).scalars()]
        return tuple(pause for pause in found if pause.lifted is None)

    def pause(self, pause: Pause) -> bool:
        """Leave an address alone; False if it is so already, or was resumed after that."""
        with writing(self._engine) as connection:
            serialise(connection, _PAUSES)
            kept = _kept(connection, pause.mark)
            if kept and (kept.lifted is None or kept.lifted >= pause.at):
                return False
            _keep(connection, pause, pause.at)
        return True

    def resume(self, mark: str, now: datetime) -> bool:
        """Tell an address again; False if it was not left alone."""
        with writing(self._engine) as connection:
            serialise(connection, _PAUSES)
            kept = _kept(connection, mark)
            if kept is None or kept.lifted is not None:
                return False
            _keep(connection, replace(kept, lifted=now), now)
        return True

    def _one(self, query: Select[Any]) -> Subscriber | None:
        with reading(self._engine) as connection:
            body = connection.execute(query).scalar()
        return None if body is None else _subscriber.decode(body)


def _kept(connection: Connection, mark: str) -> Pause | None:
    query = select(rows.c.body).where(rows.c.name == _PAUSES, rows.c.key == mark)
    body = connection.execute(query).scalar()
    return None if body is None else _pause.decode(body)


def _keep(connection: Connection, pause: Pause, at: datetime) -> None:
    new = insert(connection, rows).values(name=_PAUSES, key=pause.mark, at=at, body=_pause.encode(pause))
    changed = {"at": new.excluded.at, "body": new.excluded.body}
    connection.execute(new.on_conflict_do_update(index_elements=["name", "key"], set_=changed))
