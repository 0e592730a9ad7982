"""The files that are shipped in config/: sound, described by their schemas, and about a subject, not a word."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import rules
from alerts.config import Config, check, read, schema
from alerts.model import Article, Rule
from alerts.text import one_line

ROOT = Path(__file__).parent.parent
SHIPPED = ROOT / "config"
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="module")
def shipped() -> Config:
    made, found = check(read(SHIPPED))
    assert found == ()
    return made


def test_the_shipped_configuration_is_sound(shipped: Config) -> None:
    public = [feed for feed in shipped.feeds if not feed.id.startswith("sample-")]
    samples = [feed for feed in shipped.feeds if feed.id.startswith("sample-")]
    assert len(public) >= 28
    assert all(feed.lang and feed.country and feed.first_poll for feed in public)
    assert len(samples) == 9
    assert all(s.first_poll is None and s.every <= timedelta(minutes=5) for s in samples)
    assert {rule.id for rule in shipped.rules} == set(EXPECTED)
    assert all(rule.strength == "about" for rule in shipped.rules)
    assert [(s.id, s.kind, s.cron, s.zone) for s in shipped.subscriptions] == [
        ("morning-digest", "mail", "30 7 * * *", "Europe/London"),
        ("newsroom-slack", "slack", "", "UTC"),
        ("desk-webhook", "webhook", "", "UTC"),
    ]
    assert shipped.allow_hosts == {"127.0.0.1"}


def test_the_schemas_are_current_and_every_file_names_its_own() -> None:
    for kind, made in schema().items():
        path = SHIPPED / "schema" / f"{kind}.json"
        assert json.loads(path.read_text(encoding="utf-8")) == made, f"write config.schema()[{kind!r}] to {path}"
    for path in [*SHIPPED.glob("*.yaml"), *SHIPPED.glob("rules/*.yaml")]:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert named, path
        kind = "rules" if path.parent.name == "rules" else path.stem
        assert (path.parent / named[1]).resolve() == (SHIPPED / "schema" / f"{kind}.json").resolve()


def test_watchlists_speak_many_scripts(shipped: Config) -> None:
    scripts = {"Latin": "A-Za-z", "Cyrillic": "\u0400-\u04ff", "Arabic": "\u0600-\u06ff", "Hangul": "\uac00-\ud7a3"}
    scripts |= {"Han": "\u4e00-\u9fff"}
    for watchlist in (one for one in shipped.watchlists if one.id in {*EXPECTED, "sport"}):
        written = "".join(watchlist.aliases)
        missing = [name for name, letters in scripts.items() if not re.search(f"[{letters}]", written)]
        assert missing == [], watchlist.id


EXPECTED = ("iran", "china", "sanctions", "tariffs", "iran-china", "iran-sanctions", "tariffs-on-iran")


@pytest.fixture(scope="module")
def compiled(shipped: Config) -> rules.Rules:
    return rules.compile(shipped.rules, {w.id: w for w in shipped.watchlists})


def cases() -> list[tuple[str, str, bool]]:
    """Every expect case of the shipped rules."""
    made, _ = check(read(SHIPPED))
    return [(rule.id, case.text, case.matches) for rule in made.rules for case in rule.expect]


@pytest.mark.parametrize(("rule", "text", "wanted"), cases(), ids=lambda value: str(value)[:40])
def test_every_expect_case_of_a_shipped_rule_holds(compiled: rules.Rules, rule: str, text: str, wanted: bool) -> None:
    title, _, body = text.partition("\n")
    assert (rule in met(compiled, title, body)) is wanted


@pytest.mark.parametrize("rule", EXPECTED)
def test_every_shipped_rule_says_what_it_takes_and_what_it_leaves_in_several_scripts(
    shipped: Config, rule: str
) -> None:
    found = next(one for one in shipped.rules if one.id == rule)
    takes = [case.text for case in found.expect if case.matches]
    leaves = [case.text for case in found.expect if not case.matches]
    assert len(takes) + len(leaves) >= 12
    assert len(leaves) >= 5
    for script in ("A-Za-z", "\u0600-\u06ff", "\uac00-\ud7a3", "\u4e00-\u9fff", "\u0400-\u04ff"):
        assert any(re.search(f"[{script}]", text) for text in takes + leaves), script


FALSE_FRIENDS = [
    ("Council sanctioned new river crossing", "", "approved is no sanction"),
    ("Heavyweight sanctioned for pushing referee", "Boxing: sanctions will follow.", "sport"),
    ("Sin embargo, todo sigue igual", "", "however, in Spanish"),
    ("Regulator trims night-time electricity tariff", "", "a price"),
    ("심야 전기요금 인하", "관세와 무관", "the price of electricity at night, in Korean"),
    ("How to clean your fine china", "A china cabinet keeps the dust away.", "porcelain"),
    ("행복이란 무엇인가", "", "이란 is a particle too"),
    ("China name new coach", "The women's volleyball team.", "sport"),
    ("ایران با دو گل عراق را شکست داد", "تیم ملی فوتبال ایران برد.", "sport, in Persian"),
    ("Officer on duty of care", "", "a task"),
    ("A quiet day", "word " * 80 + "Iran was not mentioned again.", "a mention"),
]


@pytest.mark.parametrize(("title", "text", "why"), FALSE_FRIENDS, ids=[case[2] for case in FALSE_FRIENDS])
def test_a_false_friend_meets_no_shipped_rule(compiled: rules.Rules, title: str, text: str, why: str) -> None:
    assert met(compiled, title, text) == [], why


TOGETHER = [
    ("China voices concern over Iran crackdown", "china iran iran-china"),
    ("U.S. announces 25% tariff on countries that transact with Iran", "iran tariffs tariffs-on-iran"),
    ("EU adopts new sanctions on Iran", "iran iran-sanctions sanctions"),
    ("Chinese tanker with Iranian oil seized", "china iran iran-china iran-sanctions sanctions"),
    ("EU sets duty on Chinese electric cars", "china tariffs"),
    ("중국 “관세 반대”", "china tariffs"),
]


@pytest.mark.parametrize(("title", "wanted"), TOGETHER, ids=[case[0][:40] for case in TOGETHER])
def test_what_meets_a_pair_of_subjects_meets_each_of_them(compiled: rules.Rules, title: str, wanted: str) -> None:
    assert " ".join(sorted(met(compiled, title, ""))) == wanted


def met(compiled: rules.Rules, title: str, text: str) -> list[str]:
    seen = datetime(2026, 7, 1, tzinfo=UTC)
    found = rules.match(Article("a", "v", "f", "Outlet", "https://a.example/", title, text, seen), compiled)
    return [hit.rule for hit in found.hits] if found else []


def test_the_shipped_rules_keep_the_sports_pages_out(compiled: rules.Rules) -> None:
    """AG News, 1,900 sports reports: the false alarms are counted, so that a new alias cannot add many."""
    source = SHARED / "topics_agnews_test.jsonl.gz"
    if not source.exists():
        pytest.skip("the AG News set is not here")
    seen = datetime(2026, 7, 1, tzinfo=UTC)
    count: Counter[str] = Counter()
    for line in gzip.decompress(source.read_bytes()).decode().splitlines():
        told = json.loads(line)
        article = Article("a", "v", "f", "O", "https://a.example/", told["title"], told["description"], seen)
        found = rules.match(article, compiled) if told["label"] == "Sports" else None
        count.update(hit.rule for hit in (found.hits if found else ()))
    assert count["sanctions"] + count["tariffs"] == 0
    assert count["iran"] <= 1
    assert count["china"] <= 5


REUTERS = SHARED / "reuters21578_train.jsonl.gz"


@pytest.mark.skipif(not REUTERS.exists(), reason="the Reuters set is not here")
@pytest.mark.parametrize(("place", "precision", "recall"), [("iran", 0.85, 0.85), ("china", 0.90, 0.90)])
def test_about_tells_a_subject_from_a_mention(shipped: Config, place: str, precision: float, recall: float) -> None:
    """The odd numbers of Reuters-21578, on which nothing was chosen; the whole table is printed by bench/about.py."""
    watchlists = {w.id: w for w in shipped.watchlists}
    rule = rules.compile([Rule(place, place, any=(f"@{place}",), strength="about")], watchlists)
    count: Counter[tuple[bool, bool]] = Counter()
    for line in gzip.decompress(REUTERS.read_bytes()).decode().splitlines():
        told = json.loads(line)
        if told["id"] % 2:
            count[place in told["places"], bool(met(rule, told["title"] or "", one_line(told["body"] or "")))] += 1
    assert count[True, True] / (count[True, True] + count[False, True]) >= precision
    assert count[True, True] / (count[True, True] + count[True, False]) >= recall
