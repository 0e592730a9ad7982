"""The product with one mistake in it, each of which somebody could make: the checker must see every one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, update

from alerts.adapters.sql.tables import outbox as table
from alerts.app import App
from alerts.model import Delivery, Receipt


class _Wrapped:
    """A port with some of its calls replaced."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


class _MarkedFirst(_Wrapped):
    """It is written down as delivered before it is sent."""

    def claim(self, deliveries: Sequence[str], *, now: datetime, until: datetime) -> Mapping[str, str]:
        tokens = self._port.claim(deliveries, now=now, until=until)
        for delivery, token in tokens.items():
            done = Receipt(delivery, 1, "delivered", "surely", now)
            self._port.record(done, token=token, next_attempt=None)
        return tokens  # type: ignore[no-any-return]

    def record(self, *_: Any, **__: Any) -> bool:
        return True


class _RandomIds(_Wrapped):
    """An id is drawn, not made of what it tells."""

    def add(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        return self._port.add([replace(d, id=f"{d.id}:{secrets.token_hex(4)}") for d in deliveries])  # type: ignore[no-any-return]


class _Eager(_Wrapped):
    """A reader of a log is committed when it has read, before anything is done with it."""

    def __init__(self, port: Any, readers: Sequence[str]) -> None:
        super().__init__(port)
        self._readers = readers

    def read(self, reader: str, limit: int = 500) -> Any:
        batch = self._port.read(reader, limit)
        if reader in self._readers:
            self._port.commit(reader, batch.end)
        return batch

    def after(self, position: int, limit: int = 500) -> Any:
        found = self._port.after(position, limit)
        if found:
            self._port.commit_all(dict.fromkeys(self._readers, found[-1][0]))
        return found


class _MarksAtOnce(_Wrapped):
    """Redis remembers an article when it is asked about it, before the article is in the log."""

    def unseen(self, keys: Sequence[str]) -> frozenset[str]:
        found = self._port.unseen(keys)
        self._port.add(sorted(found))
        return found  # type: ignore[no-any-return]


class _Unfenced(_Wrapped):
    """A receipt is written by whoever comes, whether or not they still hold the delivery."""

    def __init__(self, port: Any, engine: Engine) -> None:
        super().__init__(port)
        self._engine = engine

    def record(self, receipt: Receipt, *, token: str, next_attempt: datetime | None) -> bool:
        with self._engine.begin() as connection:
            mine = update(table).where(table.c.id == receipt.delivery)
            connection.execute(mine.values(token=token, state="open"))
        return self._port.record(receipt, token=token, next_attempt=next_attempt)  # type: ignore[no-any-return]


class _Unleased(_Wrapped):
    """Nobody is kept from taking what another one is sending."""

    def claim(self, deliveries: Sequence[str], *, now: datetime, until: datetime) -> Mapping[str, str]:
        return self._port.claim(deliveries, now=now, until=now)  # type: ignore[no-any-return]


class _Forgets(_Wrapped):
    """A failed attempt is taken for the last one: log a failed send and forget it."""

    def record(self, receipt: Receipt, *, token: str, next_attempt: datetime | None) -> bool:
        return self._port.record(receipt, token=token, next_attempt=None)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Mutant:
    """A mistake: how it is made, how the receivers do, and where the process dies or is stopped so that it shows."""

    apply: Callable[[App, Engine], App]
    dies: tuple[str, str]


def _stores(receiver: str, place: str, **changed: Callable[[Any, Engine], Any]) -> Mutant:
    def apply(app: App, engine: Engine) -> App:
        made = {name: wrap(getattr(app.stores, name), engine) for name, wrap in changed.items()}
        return replace(app, stores=replace(app.stores, **made))

    return Mutant(apply, (receiver, place))


def _eager(*readers: str) -> Callable[[Any, Engine], Any]:
    return lambda port, _: _Eager(port, readers)


MUTANTS = {
    "marked as delivered before it is sent": _stores("calm", "mail.send:before", outbox=lambda port, _: _MarkedFirst(port)),
    "alerts read and committed before the outbox": _stores("calm", "outbox.add:before", developments=_eager("desk", "hook")),
    "digests read and committed before the outbox": _stores("calm", "outbox.add:before", developments=_eager("morning")),
    "articles committed before their matches": _stores("calm", "matches.append:before", articles=_eager("match")),
    "matches committed before their developments": _stores("calm", "developments.append:before", matches=_eager("group")),
    "random ids": _stores("calm", "outbox.add:after", outbox=lambda port, _: _RandomIds(port)),
    "seen in Redis before it is in the log": _stores("calm", "articles.append:before", seen=lambda port, _: _MarksAtOnce(port)),
    "no fencing": _stores("fail", "stops", outbox=_Unfenced),
    "no lease": _stores("calm", "stops", outbox=lambda port, _: _Unleased(port)),
    "a failed attempt is the last": _stores("fail", "reports.append:after", outbox=lambda port, _: _Forgets(port)),
}  # fmt: skip
