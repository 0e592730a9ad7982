"""Die after every port call of the line, run again, and compare: nothing lost, nothing told twice by id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.adapters import sql
from alerts.adapters.memory import MemoryFingerprints
from alerts.app import LINE, Stores
from alerts.model import Delivery
from alerts.stages import LEASE
from tests.line.world import CONCERN, CRACKDOWN, POST, TARIFF, WIRE, World

CALLS = {
    "append", "read", "commit", "get", "put", "values", "add", "upto", "channels", "due", "claim", "release", "record", "hasten",
    "unseen", "send", "after", "commit_all",
}  # fmt: skip
"""What counts as a port call; ``fetch`` is counted by its answers."""


class Died(BaseException):
    """The process is gone.  No ``except`` of the product may see it as an error of its own."""


class Countdown:
    """Counts port calls, and dies after the one that it was told."""

    def __init__(self, die_after: int) -> None:
        self.left = die_after
        self.dead = False
        self.calls: list[str] = []

    def look(self) -> None:
        """Let nobody act who is dead: a channel that is served after another one died at its own."""
        if self.dead:
            raise Died(self.calls[-1])

    def tick(self, call: str) -> None:
        self.calls.append(call)
        self.left -= 1
        if self.left == 0:
            self.dead = True
            raise Died(call)


class Mortal:
    """A port whose caller may die right after any call of it."""

    def __init__(self, port: object, name: str, countdown: Countdown) -> None:
        self._port, self._name, self._countdown = port, name, countdown

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        return self._mortal(name, real) if name in CALLS else real

    def _mortal(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._countdown.look()
            answer = real(*args, **kwargs)
            self._countdown.tick(f"{self._name}.{name}")
            return answer

        return call


def a_world(stores: Stores) -> World:
    """Two feeds with a story, a copy, a reaction and a tariff."""
    world = World()
    world.says(WIRE, "Iran cuts internet as forces fire on protesters", CRACKDOWN)
    world.says(POST, "Iran cuts internet as forces fire on protesters", CRACKDOWN + " (Polaris Wire)")
    world.says(WIRE, "China voices concern over Iran crackdown, offers no tangible support", CONCERN)
    world.says(WIRE, "US announces 25% tariff on countries that transact with Iran", TARIFF)
    world.app = replace(world.app, stores=stores)
    world.app.subscribe()
    return world


def live(world: World, countdown: Countdown) -> None:
    """Run the line once, mortal in every port."""
    whole = world.app
    stores = Stores(**{f.name: Mortal(getattr(whole.stores, f.name), f.name, countdown) for f in fields(Stores)})
    channels = {name: Mortal(channel, name, countdown) for name, channel in world.channels.items()}

    def fetch(requests: Any) -> Any:
        for answer in whole.fetch(requests):
            yield answer
            countdown.tick("fetch")

    mortal = replace(whole, stores=stores, channels=channels, fetch=fetch)  # type: ignore[arg-type]
    for stage in LINE:
        mortal.run(stage, digest_now=True)


def afterwards(world: World) -> None:
    """Run the line again, when the lease of whoever died has run out, until there is nothing to do."""
    for _ in range(2):
        world.passes(minutes=LEASE.total_seconds() / 60 + 1)
        world.run(digest_now=True)


def everything_told(world: World) -> list[Delivery]:
    return [delivery for channel in world.channels.values() for delivery in channel.sent]


def what(delivery: Delivery) -> str:
    """An alert by its id; a digest by its subscription, for the minute at which it is asked for is part of its id."""
    return delivery.id if delivery.id.startswith("alert:") else delivery.subscription


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def new_stores(request: pytest.FixtureRequest, tmp_path: Any) -> Callable[[], Stores]:
    """Make empty stores, as often as asked."""
    if request.param == "memory":
        return Stores.in_memory
    count = iter(range(10_000))
    new_url: Callable[[], str] = lambda: f"sqlite:///{tmp_path / f'{next(count)}.db'}"  # noqa: E731
    if request.param == "postgresql":
        new_url = request.getfixturevalue("new_postgresql_url")

    def make() -> Stores:
        engine = sql.connect(new_url())
        request.addfinalizer(engine.dispose)
        return Stores.in_sql(engine, MemoryFingerprints())

    return make


def test_a_death_after_any_port_call_loses_nothing_and_tells_nothing_twice(new_stores: Callable[[], Stores]) -> None:
    calm = a_world(new_stores())
    whole = Countdown(0)
    live(calm, whole)
    expected = sorted(what(d) for d in everything_told(calm))
    articles = {value.key for value in calm.stores.articles.read("reader of the test").values}
    # 3 articles that are news, to the desk and the hook each, and one digest
    assert len(expected) == 7
    assert len(articles) == 4

    for n in range(1, len(whole.calls) + 1):
        world, countdown = a_world(new_stores()), Countdown(n)
        with pytest.raises(Died):
            live(world, countdown)
        died_at = countdown.calls[-1]
        afterwards(world)

        told = everything_told(world)
        twice = [id_ for id_, times in Counter(d.id for d in told).items() if times > 1]
        assert sorted({what(d) for d in told}) == expected, f"lost, or told more: death after call {n}, {died_at}"
        assert {v.key for v in world.stores.articles.read("reader of the test").values} == articles, died_at
        if died_at.endswith(".send"):
            # The one place where it can be twice: sent, and dead before the receipt.  Then it has the same id and bytes.
            assert len(twice) == 1, f"death after call {n}, {died_at}"
            assert len({d.message for d in told if d.id == twice[0]}) == 1
        else:
            assert twice == [], f"told twice: death after call {n}, {died_at}"
        assert len(told) == len(expected) + len(twice), f"told under another id: death after call {n}, {died_at}"


def test_the_countdown_dies_where_it_is_told() -> None:
    """The test above is only as good as its deaths: they cover every port that the line writes to."""
    whole = Countdown(0)
    live(a_world(Stores.in_memory()), whole)

    assert set(whole.calls) >= {
        "fetch", "seen.unseen", "articles.append", "seen.add", "states.put",
        "articles.read", "matches.append", "articles.commit",
        "matches.read", "stories.values", "developments.append", "stories.put", "matches.commit",
        "developments.after", "outbox.add", "developments.commit_all", "slots.put",
        "outbox.channels", "channels.get", "outbox.due", "outbox.claim", "mail.send", "slack.send", "webhook.send",
        "outbox.record", "channels.put", "channels.values",
        "reports.append",
    }  # fmt: skip
    assert timedelta(0) < LEASE
