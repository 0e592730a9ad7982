"""A feature without a page is a red test: commands, keys, rules, reasons, settings, targets, and the numbers in them."""

from __future__ import annotations

import inspect
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from alerts import channels, cli, config, deliveries, demo, feeds, rules, stages, stories, trials
from alerts.adapters import children, http, redis, smtp, webhook
from alerts.adapters.children import Children
from alerts.adapters.http import crowd, inflate, turns
from alerts.app.retention import Retention
from alerts.config import shapes
from alerts.feeds import entries, health, parsing, polling, redirects, rhythm
from alerts.model import LEAD_WORDS, Article, Blame, ChannelHealth, DeliveryState, Health, Outcome, Rule, Watchlist
from alerts.rules import TermError, expressions, regexes, terms
from alerts.rules.common import COMMON
from alerts.rules.lint import FAR, Reason

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
NOW = datetime(1970, 1, 1, tzinfo=UTC)


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text()


def sections(text: str) -> dict[str, str]:
    """The text under each heading of the second level."""
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without the heads and the rules below them."""
    lines = text.splitlines()
    body = [line for line, after in zip(lines, [*lines[1:], ""], strict=True) if line[:1] == "|" and after[:3] != "|--"]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in body]
    return [row for row in cells if not set("".join(row)) <= set("-: ")]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def source(*folders: str) -> str:
    return "\n".join(path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────


def commands() -> dict[str, Any]:
    """Every command by what is typed, those of a group behind the group."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(cli.cli).commands.items():  # type: ignore[attr-defined]
        found |= {name: command} | {f"{name} {sub}": one for sub, one in getattr(command, "commands", {}).items()}
    return found


def test_every_command_has_a_section_and_no_other_has() -> None:
    told = [heading for heading in sections(page("command-line")) if heading.startswith("alerts ")]
    assert told == [f"alerts {name}" for name in commands()]


@pytest.mark.parametrize("name", commands())
def test_every_option_of_a_command_is_in_its_table_and_no_other_is(name: str) -> None:
    told = {row[0].strip("`") for row in rows(sections(page("command-line"))[f"alerts {name}"])}
    has = {option for parameter in commands()[name].params for option in parameter.opts if option.startswith("--")}
    assert told == has - {"--help"}


@pytest.mark.parametrize("name", commands())
def test_every_command_and_every_option_has_help(name: str) -> None:
    assert commands()[name].help
    assert [p.name for p in commands()[name].params if p.name != "help" and not p.help] == []


# ── the configuration ────────────────────────────────────────────────────────────────────────────────────────────────

SCHEMAS = config.schema()


def _section(kind: str) -> str:
    return sections(page("configuration"))["rules/*.yaml" if kind == "rules" else f"{kind}.yaml"]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_key_of_a_file_is_in_its_table_with_what_the_schema_says(kind: str) -> None:
    """The words of the schema, which an editor shows, begin the cell; the page may say more."""
    schema = SCHEMAS[kind]
    nested = {shape.__name__ for shape in shapes.NESTED.values()}
    entries = [part for name, part in schema["$defs"].items() if name not in nested]
    told = [(row[0].strip("`"), row[1], row[2]) for row in rows(_section(kind))]
    has = [
        (key, "yes" if key in part.get("required", []) else "no", " ".join(said.get("description", "").split()))
        for part in (schema, *entries)
        for key, said in part["properties"].items()
    ]
    assert [row[:2] for row in told] == [row[:2] for row in has]
    assert [key for (key, _, cell), (_, _, said) in zip(told, has, strict=True) if not _begins(cell, said)] == []


def _begins(cell: str, said: str) -> bool:
    """Whether the cell begins with the first clause of the schema; what follows it may be told more exactly."""
    return cell.startswith(re.split(r"[.,;] |\.$", said)[0])


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("feeds", "defaults"),
        ("rules", "outlets"),
        ("rules", "expect"),
        ("channels", "operator"),
        ("subscriptions", "self_service"),
    ],
)
def test_the_keys_of_a_key_are_named(kind: str, key: str) -> None:
    told = next(row[2] for row in rows(_section(kind)) if row[0] == f"`{key}`")
    keys = set(SCHEMAS[kind]["$defs"][shapes.NESTED[key].__name__]["properties"])
    assert set(code(told)) - {"alerts check"} == keys


# ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────

RULES = sections((REFERENCE / "rules.md").read_text())
WATCHLISTS = {w.id: w for w in config.check(config.read(ROOT / "config"))[0].watchlists}


def _article(title: str) -> Article:
    return Article("a-1", "v", "feed", "Outlet", "https://example.org/a", title, "", NOW)


def _meets(term: str, title: str) -> bool:
    compiled = rules.compile([Rule("one", "One", any=(term,))], WATCHLISTS)
    return rules.match(_article(title), compiled) is not None


def test_every_field_is_in_the_table_and_no_other_is() -> None:
    assert [row[0].strip("`:") for row in rows(RULES["Fields"])] == list(rules.FIELDS)


def test_every_operator_is_in_the_table() -> None:
    head = (REFERENCE / "rules.md").read_text().partition("## ")[0]
    told = [row[0].strip("`") for row in rows(head)]
    assert told == [
        key for key in SCHEMAS["rules"]["$defs"]["RuleShape"]["properties"] if key in {"any", "all", "none", "match"}
    ]


def test_every_mark_and_every_operator_of_expressions_is_in_a_table() -> None:
    terms_ = " ".join(row[0] for row in rows(RULES["Terms"]))
    assert [name for name in terms.EXTRAS if f"`{name}" not in terms_] == []
    told = [code(row[0])[0].split("/")[0] for row in rows(RULES["Expressions"]) if len(row) == 4]
    assert set(told) == expressions.OPERATORS | {"NEAR", "ONEAR", "( )"}
    assert "up to 50 deep" in RULES["Expressions"]
    assert expressions.MAX_DEPTH == 50
    assert f"n is at most {expressions.MAX_DISTANCE}" in RULES["Expressions"]
    assert f"from {terms.COUNTS[0]} to {terms.COUNTS[-1]}" in RULES["Terms"]
    assert f"At most {regexes.MAX_PLACES} places" in RULES["Regular expressions"]


@pytest.mark.parametrize("row", [r for r in rows(RULES["Expressions"]) if len(r) == 4], ids=lambda row: row[0])
def test_an_expression_meets_what_its_row_says_and_not_the_other(row: list[str]) -> None:
    assert code(row[0])[0].split("/")[0].strip("( )") in code(row[1])[0]
    assert _holds(code(row[1])[0], row[2])
    assert not _holds(code(row[1])[0], row[3])


@pytest.mark.parametrize("row", [r for r in rows(RULES["Expressions"]) if len(r) == 2], ids=lambda row: row[0])
def test_an_expression_is_read_as_the_page_says(row: list[str]) -> None:
    one, other = (rules.expression(f"z AND ({code(cell)[0]})", {}) for cell in row)
    assert one == other


def test_the_rules_of_the_page_expect_what_they_meet() -> None:
    """As ``alerts check`` tries them, in whose words a text's first line is its headline."""
    text = (REFERENCE / "rules.md").read_text()
    found = re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, re.DOTALL)
    made, _ = config.check([config.File(path, said.encode()) for path, said in found])
    compiled = rules.compile(made.rules, {w.id: w for w in made.watchlists})
    assert [len(rule.expect) for rule in made.rules] == [0, 2]
    assert list(trials.failures(compiled)) == []


def _holds(said: str, title: str, watchlists: dict[str, Watchlist] | None = None) -> bool:
    compiled = rules.compile([Rule("one", "One", match=said)], {**WATCHLISTS, **(watchlists or {})})
    return rules.match(_article(title), compiled) is not None


@pytest.mark.parametrize("row", rows(RULES["Watchlists"]), ids=lambda row: row[0])
def test_a_watchlist_meets_what_its_row_says_and_not_the_other(row: list[str]) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", RULES["Watchlists"], re.DOTALL)
    listed = [config.File("config/watchlists.yaml", block.encode())]
    watchlists = {w.id: w for w in config.check(listed)[0].watchlists}
    assert list(watchlists) == ["sanctions", "porcelain-free-china", "east-asia"]
    assert _holds(code(row[0])[0], row[1], watchlists)
    assert not _holds(code(row[0])[0], row[2], watchlists)


@pytest.mark.parametrize("row", [r for r in rows(RULES["Regular expressions"]) if len(r) == 4], ids=lambda row: row[0])
def test_a_regular_expression_meets_what_its_row_says_and_not_the_other(row: list[str]) -> None:
    assert _meets(code(row[0])[0], row[1])
    assert not _meets(code(row[0])[0], row[2])


@pytest.mark.parametrize("row", [r for r in rows(RULES["Regular expressions"]) if len(r) == 2], ids=lambda row: row[0])
def test_a_regular_expression_is_refused_in_the_words_of_the_page(row: list[str]) -> None:
    [(_, said)] = rules.check(Rule("one", "One", any=(code(row[0])[0],)), {})
    assert said.startswith(row[1])


def test_every_reason_of_a_warning_is_in_the_table_and_no_other_is() -> None:
    assert [row[0].strip("`") for row in rows(RULES["What is odd"])] == list(get_args(Reason))
    assert f"n over {FAR}" in RULES["What is odd"]
    assert f"more than {COMMON:.0%}".replace("%", " %") in RULES["What is odd"]


@pytest.mark.parametrize("row", rows(RULES["What is odd"]), ids=lambda row: row[0])
def test_a_warning_is_given_for_what_its_row_shows(row: list[str]) -> None:
    shown = code(row[2])
    plain = [said for said in shown if ": " not in said]
    made = [Rule(f"r{n}", "R", match=said) for n, said in enumerate(plain)]
    for said in set(shown) - set(plain):
        entry = f"rules: [{{id: x, title: X, {said}{'' if 'any' in said else ', any: [iran]'}}}]"
        made += config.check([config.File("config/rules/x.yaml", entry.encode())])[0].rules
    archive = [_article("The end")] * 100
    found = [*rules.lint(made, {}, ["Somebody"]), *rules.common(made, {}, archive)]
    assert [f.reason for f in found] == [row[0].strip("`")]


@pytest.mark.parametrize("row", rows(RULES["Terms"]), ids=lambda row: row[0])
def test_a_term_meets_what_its_row_says_and_not_the_other(row: list[str]) -> None:
    (term,), _, meets, not_ = code(row[0]), *row[1:]
    assert _meets(term, meets)
    assert not _meets(term, not_)


@pytest.mark.parametrize("row", rows(RULES["How words are compared"]), ids=lambda row: row[0])
def test_words_are_compared_as_the_page_says(row: list[str]) -> None:
    assert _meets(code(row[0])[0], row[1])
    assert not _meets(code(row[0])[0], "Something else altogether")


def _refused(which: int) -> list[list[str]]:
    return rows(RULES["What is refused"].split("A term that says the same")[which])


@pytest.mark.parametrize("row", _refused(0), ids=lambda row: row[0])
def test_a_term_is_refused_in_the_words_of_the_page(row: list[str]) -> None:
    with pytest.raises(TermError) as refused:
        rules.parse_term(code(row[0])[0])
    assert str(refused.value).startswith(row[1])


@pytest.mark.parametrize("row", _refused(1), ids=lambda row: row[0])
def test_an_expression_is_refused_in_the_words_of_the_page(row: list[str]) -> None:
    with pytest.raises(rules.ExpressionError) as refused:
        rules.expression(code(row[0])[0], WATCHLISTS)
    assert str(refused.value).startswith(row[1])


def test_what_else_is_refused() -> None:
    twice = rules.check(Rule("one", "One", any=("oil", "OIL")), {})
    inside = rules.check_watchlist(Watchlist("one", ("@two",)), {"two": Watchlist("two", ("@one",))})
    alone = rules.check(Rule("one", "One", none=("oil",)), {})
    assert [len(found) for found in (twice, inside, alone)] == [1, 1, 1]


# ── reasons ──────────────────────────────────────────────────────────────────────────────────────────────────────────

REASONS = sections((REFERENCE / "reasons.md").read_text())


def test_the_reasons_of_stories_are_those_of_the_code() -> None:
    told = [(row[0].strip("`"), row[1]) for row in rows(REASONS["Why it is news, or is not"])]
    assert told == re.findall(r"^``(.*?)`` +(yes|no) ", stories.__doc__ or "", re.MULTILINE)


def test_outcomes_states_and_healths_are_those_of_the_code() -> None:
    attempts = [row[0].strip("`") for row in rows(REASONS["What became of an attempt"])]
    assert attempts[: len(get_args(Outcome))] == list(get_args(Outcome))
    rest = attempts[len(get_args(Outcome)) :]
    assert rest[: len(get_args(DeliveryState))] == list(get_args(DeliveryState))
    assert {"" if name == "none" else name for name in rest[len(get_args(DeliveryState)) :][:5]} == set(get_args(Blame))
    healths = [row[0].strip("`") for row in rows(REASONS["How a feed does"])]
    assert healths[: len(get_args(Health))] == list(get_args(Health))
    channel_healths = [row[0].strip("`") for row in rows(REASONS["How a channel does"])]
    assert channel_healths[: len(get_args(ChannelHealth))] == list(get_args(ChannelHealth))


def _phrases() -> list[str]:
    """Every phrase that one of our pages quotes as what the product prints."""
    failing = (ROOT / "docs" / "how-to" / "when-a-feed-fails.md").read_text()
    tables = [*rows((REFERENCE / "reasons.md").read_text()), *rows(failing)]
    return [phrase for row in tables for phrase in code(row[0])]


def test_phrases_that_are_quoted_are_printed() -> None:
    """Each piece between the dots is a piece of a string of the code; HTTP's own phrases are the servers'."""
    strings = re.sub(r'"\s*\n\s*f?"', "", source("alerts"))
    pieces = [re.split(r"…", phrase) for phrase in _phrases() if not re.match(r"\d{3} ?", phrase)]
    lost = [piece for parts in pieces for piece in map(str.strip, parts) if piece and not _printed(piece, strings)]
    assert lost == []


def _printed(piece: str, strings: str) -> bool:
    """Whether the code has it; a word of its own may be put together with what stands around it."""
    return piece in strings or all(part in strings for part in re.split(r": | after \d+ s|\.", piece))


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_setting_has_a_row_and_no_other_has() -> None:
    read = set(re.findall(r"\bALERTS_[A-Z]+(?:_[A-Z]+)*\b", source("alerts", "plugins")))
    channels = config.check(config.read(ROOT / "config"))[0].channels
    connections = {channel.connection.upper() for channel in channels}
    told = [row[0].strip("`") for row in rows(page("settings")) if row[0].startswith("`ALERTS_")]
    assert sorted(told) == sorted(read | connections)
    assert len(told) == len(set(told))


def test_the_settings_of_the_compose_file_are_settings() -> None:
    told = set(re.findall(r"`(ALERTS_[A-Z_]+)`", page("settings")))
    used = set(re.findall(r"\b(ALERTS_[A-Z_]+): ", (ROOT / "docker-compose.yml").read_text()))
    assert used - {"ALERTS_DB_PASSWORD"} <= told  # That one is the compose file's own, and a part of ALERTS_SQL.


# ── webhooks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_key_of_a_webhook_is_in_a_table() -> None:
    schema = json.loads((REFERENCE / "webhook.schema.json").read_text())
    told = {word for row in rows(page("webhooks")) for cell in row for word in code(cell)}
    keys = {key for part in schema["$defs"].values() for key in part.get("properties", {})}
    assert keys - told == set()


def test_every_header_of_a_webhook_is_in_the_table() -> None:
    sent = re.findall(r'"(webhook-[a-z]+|content-type)":', source("alerts/adapters"))
    told = [row[0].strip("`") for row in rows(sections(page("webhooks"))["The call"])]
    assert set(sent) <= set(told)


@pytest.mark.parametrize(
    ("status", "means"),
    [(204, "delivered"), (408, "deferred"), (425, "deferred"), (429, "deferred"), (503, "deferred"), (0, "deferred"),
     (400, "refused"), (413, "refused"), (422, "refused"), (405, "refused"),
     (401, "deferred"), (403, "deferred"), (404, "deferred"), (410, "deferred"), (301, "deferred")],
)  # fmt: skip
def test_answers_to_a_webhook_mean_what_the_table_says(status: int, means: str) -> None:
    assert channels.meaning(status)[0] == means
    family = f"{str(status)[0]}xx" if status else "none within 30 s"
    row = next(row for row in rows(sections(page("webhooks"))["The call"]) if str(status) in row[0] or family in row[0])
    assert row[1].startswith(means)


# ── make ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_make_target_is_documented() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = re.findall(r"`make ([a-z-]+)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert sorted(set(told)) == sorted(targets)


# ── the changelog ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_changelog_has_its_sections_in_order() -> None:
    order = ["Security", "Removed", "Deprecated", "Added", "Changed", "Fixed"]
    versions = sections((ROOT / "CHANGELOG.md").read_text())
    assert next(iter(versions)) == "Unreleased"
    for text in versions.values():
        found = re.findall(r"^### (.*)$", text, re.MULTILINE)
        assert found == [name for name in order if name in found]


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_SHIPPED = config.check(config.read(ROOT / "config"))[0]
_PUBLIC = [feed for feed in _SHIPPED.feeds if not feed.id.startswith("sample-")]


def _limit(name: str) -> object:
    return inspect.signature(Children).parameters[name].default


SPEED = "docs/explanation/how-fast-collecting-is.md"
NUMBERS = [
    # page, what it says, whether it is so
    ("docs/reference/rules.md", "the headline and the first 60 words", LEAD_WORDS == 60),
    ("docs/reference/rules.md", "at least three letters", terms.MIN_PREFIX == 3),
    ("docs/reference/command-line.md", "8585 if left out", demo.PORT == 8585),
    ("docs/reference/reasons.md", "longer than 45 s", smtp.TIMEOUT.total_seconds() == 45),
    ("docs/reference/reasons.md", "another attempt, ten in all", len(deliveries.DELAYS) == 10),
    ("docs/reference/reasons.md", "three attempts in a row", channels.TRIES == 3),
    ("docs/reference/reasons.md", "failed for 5 days", channels.DISABLED_AFTER.days == 5),
    ("docs/reference/reasons.md", "(5 s to 30 min)", channels.LONGEST_REST.total_seconds() == 1_800),
    ("docs/reference/reasons.md", "served for two minutes", stages.TURN.total_seconds() == 120),
    ("docs/reference/webhooks.md", "none within 30 s", webhook.TIMEOUT.total_seconds() == 30),
    ("docs/reference/webhooks.md", "up to 24 hours", deliveries.LONGEST_WAIT.total_seconds() == 86_400),
    ("docs/how-to/when-a-feed-fails.md", "up to 24 hours", feeds.LONGEST_BACKOFF.total_seconds() == 86_400),
    ("docs/how-to/when-a-feed-fails.md", "up to 7 days", feeds.LONGEST_WAIT.days == 7),
    ("docs/explanation/politeness.md", "| headers | 64 kB", http.HttpFetch().max_headers == 64_000),
    ("docs/explanation/politeness.md", "a hundred times what was sent", inflate.MAX_RATIO == 100),
    ("docs/how-to/when-a-feed-fails.md", "over 100 to 1", inflate.MAX_RATIO == 100),
    ("docs/explanation/the-line.md", "for a hundred feeds at a time", stages.KEPT_TOGETHER == 100),
    (SPEED, "A hundred feeds are kept", stages.KEPT_TOGETHER == 100),
    (SPEED, "512 connections", crowd.OPEN * http.HttpFetch().concurrency == 512),
    (SPEED, "64 bodies", http.HttpFetch().concurrency == 64),
    (SPEED, "Up to a thousand feeds wait for a child", children.MOST_WAITING == 1_000),
    ("docs/explanation/politeness.md", "| redirects | 5 |", http.MAX_REDIRECTS == 5),
    ("docs/explanation/politeness.md", "TLS | 10 s |", http.HttpFetch().connect.total_seconds() == 10),
    ("docs/explanation/politeness.md", "longer than four minutes", http.HttpFetch().patience.total_seconds() == 240),
    ("docs/explanation/politeness.md", "a second's rest", http.HttpFetch().spacing.total_seconds() == 1),
    ("docs/explanation/politeness.md", "not before 5 minutes", rhythm.SHORTEST.total_seconds() == 300),
    ("docs/explanation/politeness.md", "not after 24 hours", rhythm.LONGEST.total_seconds() == 86_400),
    ("docs/explanation/politeness.md", "once an hour at most", rhythm.UNKNOWN.total_seconds() == 3_600),
    ("docs/explanation/politeness.md", "a twelfth of the time", rhythm.QUIET == 12),
    ("docs/explanation/politeness.md", "up to a quarter", polling.JITTER == 0.25),
    ("docs/explanation/politeness.md", "after 7 days and 10 answers", redirects.BELIEVED_ANSWERS == 10),
    ("docs/explanation/politeness.md", "three times in a row is given up", redirects.GIVEN_UP_AFTER == 3),
    ("docs/explanation/politeness.md", "up to an hour", turns.LONGEST_PAUSE.total_seconds() == 3_600),
    ("docs/reference/reasons.md", "for ten times its usual gap, at least 3 days", health.SILENT_AFTER == 10),
    ("docs/how-to/when-a-feed-fails.md", "timed out after 30 s", http.HttpFetch().timeout.total_seconds() == 30),
    ("docs/how-to/when-a-feed-fails.md", "over 10 MB as sent", http.HttpFetch().max_wire == 10_000_000),
    ("docs/how-to/when-a-feed-fails.md", "20 MB unpacked", http.HttpFetch().max_body == 20_000_000),
    ("CHANGELOG.md", "which has 6 s of the processor", _limit("seconds") == 6),
    ("CHANGELOG.md", "to 512 MB by the size of the feed", _limit("megabytes") == 512),
    ("docs/explanation/how-feeds-are-read.md", "which have 6 s of the processor", _limit("seconds") == 6),
    ("docs/explanation/how-feeds-are-read.md", "at most 1 MB", parsing.QUICK_BYTES == 1_000_000),
    ("docs/explanation/how-feeds-are-read.md", "10,000 entries", entries.MOST_ENTRIES == 10_000),
    ("docs/explanation/how-feeds-are-read.md", "20 million characters", entries.MOST_LETTERS == 20_000_000),
    ("docs/explanation/how-feeds-are-read.md", "for 25 days at most", timedelta(days=25) == redis.GENERATION),
    ("docs/explanation/how-feeds-are-read.md", "for 400 days", Retention().seen.days == 400),
    ("CHANGELOG.md", "48 public feeds", len(_PUBLIC) == 48),
    ("CHANGELOG.md", "Nine invented newspapers", len(_SHIPPED.feeds) - len(_PUBLIC) == 9),
]


@pytest.mark.parametrize(("name", "words", "is_so"), NUMBERS, ids=[words for _, words, _ in NUMBERS])
def test_numbers_in_the_pages_are_those_of_the_code(name: str, words: str, is_so: bool) -> None:
    assert words in (ROOT / name).read_text()
    assert is_so


def test_the_licence_is_the_one_that_the_package_names() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text.splitlines()[1]
    assert "END OF TERMS AND CONDITIONS" in text
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()
