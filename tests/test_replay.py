"""An archive replayed: the same stories and developments whatever the batches, the stores, and what Redis forgets."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import app as app_
from alerts import lines, replay, stages, trials
from alerts import rules as rules_
from alerts.adapters.memory import MemoryFingerprints
from alerts.app import Stores
from alerts.errors import ConfigError
from alerts.model import Article
from tests.shop import Shop, open_shop
from tests.test_cli import told

ROOT = Path(__file__).parents[1]
START = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)

SAID = [
    # hours, outlet, title, text
    (0, "Wire", "Iran cuts internet as forces fire on protesters", "Security forces fired on protesters in Isfahan."),
    (1, "Post", "Iran cuts internet as forces fire on protesters - Post", "Iran cuts internet"),
    (
        2,
        "Post",
        "Opinion: Iran cannot fire on its protesters for ever",
        "Security forces fire, and nothing is settled.",
    ),
    (2, "Gulf", "US announces 25% tariff on countries that trade with Iran", "The White House said so on Monday."),
    (3, "Wire", "Iran protests: 62 dead as forces fire on protesters", "Security forces fired again in Isfahan."),
    (
        30,
        "Post",
        "Tariff of 25% on Iran's partners takes effect",
        "Countries that trade with Iran must pay the tariff.",
    ),
    (31, "Wire", "Film festival opens in Busan", "Stars came."),
    (120, "Gulf", "Iran protests: forces fire on protesters again", "Security forces fired on protesters in Isfahan."),
]


def articles() -> list[Article]:
    return [
        Article(
            id=f"n{n}",
            version="v",
            feed="",
            outlet=outlet,
            url=f"https://example.org/{n}",
            title=title,
            text=text,
            seen=START + timedelta(hours=hours),
            lang="en",
        )
        for n, (hours, outlet, title, text) in enumerate(SAID)
    ]


def as_lines(found: list[Article]) -> bytes:
    keys = ("id", "title", "text", "url", "outlet", "lang")
    rows = [{**{key: getattr(a, key) for key in keys}, "seen": a.seen.isoformat()} for a in found]
    return "\n".join(map(json.dumps, rows)).encode()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        yield opened


def placed(shop: Shop, found: list[Article], batch: int = replay.BATCH) -> list[dict[str, object]]:
    played = replay.Replay(replay.configured(shop.config, whole=False), batch=batch)
    played.run(found)
    return [json.loads(line) for line in played.placed()]


def test_each_matched_article_has_a_line_that_says_where_it_is_and_why(shop: Shop) -> None:
    found = {row["id"]: row for row in placed(shop, articles())}

    assert list(found["n0"]) == ["id", "rules", "story", "reason", "copy_of", "development"]
    assert found["n0"] == {
        "id": "n0", "rules": ["iran"], "story": "s-n0", "reason": "new story", "copy_of": None, "development": True,
    }  # fmt: skip
    assert (found["n1"]["reason"], found["n1"]["copy_of"], found["n1"]["development"]) == ("copy of Wire", "n0", False)
    assert found["n2"]["reason"] == "background"
    assert found["n3"]["rules"] == ["iran", "tariffs"]
    assert (found["n4"]["story"], found["n4"]["reason"]) == ("s-n0", "new facts: 62 dead")
    assert found["n5"]["story"] == found["n3"]["story"]
    assert "n6" not in found, "it met no rule"
    assert found["n7"]["story"] == "s-n7", "the story was closed after three days"


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_neither_the_batches_nor_the_order_of_the_lines_make_a_difference(shop: Shop, batch: int) -> None:
    whole = placed(shop, articles())
    mixed = articles()
    random.Random(batch).shuffle(mixed)

    assert placed(shop, mixed, batch) == whole


def test_the_stores_of_production_give_the_same_with_redis_flushed_in_between(shop: Shop) -> None:
    """SQL keeps the stories and a real Valkey the index; the flush comes after every batch."""
    config = trials.watch_in(shop.config)
    compiled = rules_.compile(config.rules, {w.id: w for w in config.watchlists})
    with app_.open_app(shop.environ.get) as app, app_.open_redis(shop.environ.get) as valkey:
        for article in articles():
            app.stores.articles.append([article])
            _match_and_group(app.stores, compiled, config, article.seen)
            valkey.flushall()
        kept = {m.article: (s.id, m.reason) for s in app.stores.stories.values() for m in s.members}
        told_of = {d.article.id for d in app.stores.developments.read("test").values}
    expected = placed(shop, articles())

    assert kept == {row["id"]: (row["story"], row["reason"]) for row in expected}
    assert told_of == {row["id"] for row in expected if row["development"]}


def _match_and_group(stores: Stores, compiled: rules_.Rules, config: object, now: datetime) -> None:
    stages.match(compiled, articles=stores.articles, matches=stores.matches, now=now)
    stages.group(
        config.rules,  # type: ignore[attr-defined]
        config.families,  # type: ignore[attr-defined]
        matches=stores.matches,
        stories=stores.stories,
        developments=stores.developments,
        now=now,
    )


# ── the command ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_writes_lines_and_the_digests_of_each_day(shop: Shop) -> None:
    printed, said = told(shop, "replay", "--batch", "2", "--digests", "digests", given=as_lines(articles()))
    rows = [json.loads(line) for line in printed.splitlines()]
    texts = sorted((shop.folder / "digests").glob("*.txt"))

    assert said == ""
    assert rows == placed(shop, articles())
    assert [path.name.split("_")[2][:8] for path in texts] == ["20260701", "20260702", "20260703", "20260706"]
    assert "Iran cuts internet" in texts[0].read_text()
    assert "25% tariff" in texts[1].read_text()
    assert "takes effect" in texts[2].read_text()
    assert "takes effect" not in texts[3].read_text()


def test_the_digests_do_not_go_by_the_batches(shop: Shop, tmp_path: Path) -> None:
    for batch in (1, 500):
        config = replay.configured(shop.config, whole=True)
        replay.Replay(config, batch=batch, folder=tmp_path / str(batch)).run(articles())
    one, other = ({p.name: p.read_text() for p in (tmp_path / n).glob("*.txt")} for n in ("1", "500"))

    assert one == other != {}


def test_a_line_that_is_wrong_is_told_and_the_others_go_on(shop: Shop) -> None:
    printed, said = told(shop, "replay", given=b"{\n" + as_lines(articles()[:1]), code=1)

    assert said.startswith("line 1: not JSON")
    assert json.loads(printed)["id"] == "n0"


def test_ids_that_are_numbers_are_numbers_again(shop: Shop) -> None:
    rows = [{"id": n, "title": SAID[0][2], "text": SAID[0][3], "seen": "2026-07-01"} for n in (1, 2)]
    printed, _ = told(shop, "replay", given="\n".join(map(json.dumps, rows)).encode())

    assert [(row["id"], row["copy_of"]) for row in map(json.loads, printed.splitlines())] == [(1, None), (2, 1)]


def test_nothing_gives_nothing(shop: Shop) -> None:
    assert told(shop, "replay", "--digests", "digests") == ("", "")


def test_digests_need_a_whole_configuration(shop: Shop) -> None:
    with pytest.raises(ConfigError):
        replay.configured(shop.config / "rules", whole=True)
    assert replay.configured(shop.config / "rules", whole=False).rules


def test_a_line_of_the_archive_is_what_match_reads(shop: Shop) -> None:
    read = [lines.read(line, n) for n, line in lines.split(io.BytesIO(as_lines(articles())))]
    assert [a.key.split("@")[0] for a in read if isinstance(a, Article)] == [a.id for a in articles()]


# ── a span of what SQL has ───────────────────────────────────────────────────────────────────────────────────────────


def settings_with_an_archive(tmp_path: Path) -> dict[str, str]:
    """The sample configuration, and a store with all that was said, as if it were written now."""
    (tmp_path / "config" / "rules").mkdir(parents=True)
    (tmp_path / "config" / "other").mkdir()
    (tmp_path / "config" / "rules" / "iran.yaml").write_text("rules:\n  - {id: iran, title: Iran, any: [Iran]}\n")
    (tmp_path / "config" / "other" / "film.yaml").write_text("rules:\n  - {id: film, title: Film, any: [film]}\n")
    settings = {"ALERTS_CONFIG": str(tmp_path / "config"), "ALERTS_VAR": str(tmp_path / "var")}
    with app_.open_sql(settings.get) as engine:
        Stores.in_sql(engine, seen=MemoryFingerprints()).articles.append(articles())
    return settings


@pytest.mark.parametrize(
    ("rules", "matched"),
    [("", 7), ("other", 1)],
    ids=["the rules in force", "rules on trial in a folder beside them"],
)
def test_a_span_is_played_through_rules_and_nothing_is_kept(tmp_path: Path, rules: str, matched: int) -> None:
    settings = settings_with_an_archive(tmp_path)
    played = replay.span(settings.get, rules=rules, since=None, until=None)

    assert played.counts["articles"] == len(SAID)
    assert played.counts["matched"] == len(played.lines) == matched
    assert 0 < played.counts["told"] <= matched
    assert played.folder is None
    assert not (tmp_path / "var" / "replay").exists()


def test_a_span_of_another_time_is_empty(tmp_path: Path) -> None:
    settings = settings_with_an_archive(tmp_path)
    played = replay.span(settings.get, rules="", since="2020-01-01", until="2020-01-02T00:00:00Z")
    assert dict(played.counts) == {"articles": 0, "matched": 0, "told": 0}


def test_a_span_that_is_not_dry_is_written_down(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "shipped")
    settings = settings_with_an_archive(tmp_path) | {"ALERTS_CONFIG": str(tmp_path / "shipped")}
    played = replay.span(settings.get, rules="", since=None, until=None, dry=False)

    assert played.folder is not None
    assert played.folder.parent == tmp_path / "var" / "replay"
    assert (played.folder / "placed.jsonl").read_text().splitlines() == list(played.lines)
    assert list(played.folder.glob("*.eml")), "the digests that it makes"
