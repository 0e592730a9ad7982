"""How long it takes to compose a thousand digests out of five thousand developments, beside one digest alone.

    python -m bench.compose [subscriptions] [developments]

In a SQLite file, as ``alerts run`` keeps it.  There is no peer that does the same; what can be compared is the ratio:
the log is read, and a story put in words and written, once for all, so a thousand must take far less than a thousand
times one.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts import garbage, stages
from alerts.adapters import sql
from alerts.adapters.memory import MemoryFingerprints
from alerts.app import Stores
from alerts.model import Article, Development, Evidence, Hit, Kind, Match, Member, Rule, Story, Subscription

NOW = datetime(2026, 7, 1, 6, tzinfo=UTC)
RULES = tuple(Rule(f"rule-{n}", f"Rule {n}", ("routine", "urgent", "flash")[n % 3]) for n in range(200))
KINDS: tuple[Kind, ...] = ("mail", "mail", "mail", "slack", "webhook")
PER_STORY = 4
SENTENCES = 2
"""Of each article, some 290 characters: feeds carry less on the mean (219, of 175 drawn from the archive of 2026)."""
WORDS = (
    "ministry tariff export sanctions port strike parliament budget central bank reactor inspectors border convoy "
    "grain shipment court ruling pipeline deal summit ceasefire protest curfew minister spokesman analysts billion"
).split()


def sentence(of: random.Random, words: int) -> str:
    """Make up a sentence with a figure in it."""
    said = " ".join(of.choices(WORDS, k=words))
    return f"{said.capitalize()} {of.randrange(3, 900)} percent, officials said."


def news(many: int, of: random.Random) -> Iterator[Development]:
    """Make up developments, a few a story, each of one or two rules of the story."""
    for n in range(many):
        seen = NOW - timedelta(hours=20) + timedelta(seconds=60_000 * n / many)
        text = " ".join(sentence(of, 14) for _ in range(SENTENCES))
        article = Article(
            f"a-{n}", "v1", "wire", f"Outlet {n % 40}", f"https://outlet.example/{n}", sentence(of, 8), text, seen
        )
        story = n // PER_STORY
        rules = {story % len(RULES)} | ({(story * 7 + 3) % len(RULES)} if n % 2 else set())
        hits = tuple(
            Hit(RULES[r].id, (Evidence("x", "title", 0, 5, article.title[:5]),), "about") for r in sorted(rules)
        )
        yield Development(
            f"s-{story}", Match(article, hits), "new story" if n % PER_STORY == 0 else "new facts: 3", seen
        )


def filled(folder: Path, developments: list[Development]) -> Stores:
    """Give a store that holds the developments and their stories."""
    stores = Stores.in_sql(sql.connect(sql.file_url(folder / "alerts.db")), MemoryFingerprints())
    stories: dict[str, list[Member]] = {}
    for d in developments:
        a = d.article
        member = Member(a.id, a.version, a.outlet, a.url, a.title, a.text[:300], a.seen, d.reason)
        stories.setdefault(d.story, []).append(member)
    made = {id_: Story(id_, m[0].seen, m[-1].seen, tuple(m)) for id_, m in stories.items()}
    stores.stories.put(made, at=NOW)
    stores.developments.append(developments)
    return stores


def readers(many: int, of: random.Random) -> list[Subscription]:
    """Make up subscriptions, each of one to four rules."""
    return [
        Subscription(
            f"reader-{n}",
            tuple(rule.id for rule in of.sample(RULES, of.randrange(1, 5))),
            "x",
            KINDS[n % len(KINDS)],
            title=f"Digest {n}",
            recipients=(f"reader{n}@example.org",) if KINDS[n % len(KINDS)] == "mail" else ("",),
            cron="0 6 * * *",
        )
        for n in range(many)
    ]


def seconds(subscriptions: list[Subscription], developments: list[Development]) -> tuple[float, float, int]:
    """Compose for the subscriptions, in a new store; the time, that of the CPU, and how many digests were made."""
    with tempfile.TemporaryDirectory() as folder:
        stores = filled(Path(folder), developments)
        for s in subscriptions:
            stores.slots.put({s.id: NOW - timedelta(days=1)}, at=NOW)
        began = time.perf_counter(), time.process_time()
        with garbage.rarely():  # as the App does
            report = stages.compose(
                subscriptions,
                RULES,
                developments=stores.developments,
                stories=stores.stories,
                slots=stores.slots,
                outbox=stores.outbox,
                silences=stores.silences,
                waiting=stores.waiting,
                volumes=stores.volumes,
                now=NOW,
            )
        took = time.perf_counter() - began[0], time.process_time() - began[1]
        return (*took, dict(report.counts)["digests"])


def main() -> None:
    """Print the time of one, of all, and their ratio."""
    many, size = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 1_000), (2, 5_000)))
    developments = list(news(size, random.Random(1)))
    subscriptions = readers(many, random.Random(2))
    one, one_cpu, _ = seconds(subscriptions[:1], developments)
    every, cpu, made = seconds(subscriptions, developments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{size} developments; one subscription {one:.2f} s (CPU {one_cpu:.2f} s)")
    print(f"{many} subscriptions, {made} digests: {every:.2f} s (CPU {cpu:.2f} s); peak memory {peak:.0f} MB")
    print(f"CPU: {cpu / many * 1000:.1f} ms each, {cpu / one_cpu:.0f} times one")


if __name__ == "__main__":
    main()
