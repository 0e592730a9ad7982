"""The configuration: every mistake with its place, last good versions, and the files that are shipped."""

from __future__ import annotations

import os
import re
import time as time_
import tracemalloc
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import config
from alerts.config import File, check, load, read, scalars, tree
from alerts.errors import ConfigError
from alerts.model import Expect, Feed, Rule, Watchlist, Way
from alerts.stories import Family

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "tests" / "corpus" / "config"

GOOD = {
    "config/feeds.yaml": """\
feeds:
  - id: bbc
    url: https://feeds.bbci.co.uk/news/world/rss.xml
    outlet: BBC News
""",
    "config/watchlists.yaml": """\
watchlists:
  - id: persia
    aliases: [Iran, ایران]
""",
    "config/rules/iran.yaml": """\
rules:
  - id: iran
    title: Iran
    any: ["@persia"]
""",
    "config/channels.yaml": """\
channels:
  - {id: mail, kind: mail, from: Tocsin <tocsin@localhost>}
  - {id: slack, kind: slack}
""",
    "config/subscriptions.yaml": """\
subscriptions:
  - id: morning
    rules: [iran]
    channel: mail
    to: [anna@example.org]
    when: daily at 07:30
    zone: Europe/London
""",
}


def files(**changed: str | bytes | None) -> tuple[File, ...]:
    """Give a sound configuration with some files changed; ``None`` takes one out.  ``rules_x`` is rules/x.yaml."""
    texts: dict[str, str | bytes | None] = {**GOOD}
    texts |= {f"config/{name.replace('rules_', 'rules/')}.yaml": text for name, text in changed.items()}
    raw = {path: text.encode() if isinstance(text, str) else text for path, text in texts.items()}
    return tuple(File(path, text) for path, text in raw.items() if text is not None)


def problems(**changed: str | bytes | None) -> list[str]:
    return [str(problem) for problem in check(files(**changed))[1]]


# ── the corpus: hostile and mistaken YAML, as a rule file ────────────────────────────────────────────────────────────

EXPECTED = {
    "alias-bomb": ["5:10: the anchor &a is not allowed", "6:14: the alias *a is not allowed", "7:47: the alias *b"],
    "alias-loop": ["2:8: the anchor &r is not allowed", "3:5: the alias *r is not allowed"],
    "at-sign": ['5:9: a text that begins with @ must be in quotes: "@name"'],
    "bad-indentation": ["3:4: this does not line up with the lines above"],
    "bad-utf8": ["5:16: the file must be UTF-8, and byte 0xe1 at offset 95 is not; save it as UTF-8"],
    "blank": ["0:0: the file is empty; it must begin with `rules:`"],
    "colon-in-title": ["3:16: no key can be here; a text with a colon and a blank must be in quotes"],
    "complex-key": ["2:7: a key must be a word; a list or keys stand here"],
    "deep-indentation": ["22:41: the nesting is deeper than 20 levels"],
    "deep-nesting": ["2:28: the nesting is deeper than 20 levels"],
    "deeper": ["1:28: the nesting is deeper than 20 levels"],
    "duplicate-key": ['6:5: the key "any" is here twice (first at 5:5); keep one'],
    "duplicate-list": ['4:1: the key "rules" is here twice (first at 2:1); keep one'],
    "empty": ["0:0: the file is empty; it must begin with `rules:`"],
    "escape-character": ["3:12: the control character U+001B must not be here; delete it"],
    "escape-too-high": ["3:5: after this there is an escape or a % line that is not YAML"],
    "huge-key": ['2:5: rule "iran": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" is no key here; the keys are id, title'],
    "list-at-top": ["2:1: a list stands here where keys are meant; the file must begin with `rules:`"],
    "list-for-map": ["2:5: rule 1: must have keys and values, as in `id: …`; a list stands here"],
    "many-wrong": [
        '3:9: rule "Iran", id: "Iran" is no id; write small letters, digits and single dashes',
        '4:5: rule "Iran": "titel" is no key here; did you mean "title"?',
        '5:15: rule "Iran", severity: "urgnt" is not known; it must be flash, urgent or routine; did you mean "urgent"?',
        '6:10: rule "Iran", any: must be a list, one line each after a dash; a text stands here',
        "7:5: rule 2: must have keys and values, as in `id: …`; a text stands here",
        '9:12: rule "china", title: must not be empty',
        '10:18: rule "china", any 2: has no value; write one, or delete the key',
        '11:17: rule "china", tags 2: must be text, and a list stands here',
        '12:12: rule "china", none 1: there is no field "titel"; did you mean "title"?',
        '12:23: rule "china", none 2: there is no watchlist @nobody',
        '13:1: "extra" is no key here; the only key is rules',
    ],
    "map-for-list": ["2:3: rules: must be a list, one line each after a dash; keys stand here"],
    "map-for-term": ['6:9: rule "iran", any 1: must be text, and a key with a value stands here; write title:iran,'],
    "merge-key": ["3:5: the anchor &one", '7:5: rule "china": "<<" is no key here', "7:9: the alias *one"],
    "missing-key-name": ["2:5: a key is missing here"],
    "nul": ["2:11: the control character U+0000 must not be here; delete it"],
    "null-list": ["1:1: rules: has no value; write a list, one line each after a dash, or []"],
    "only-comments": ["0:0: the file holds nothing but comments; it must begin with `rules:`"],
    "only-null": ["0:0: the file says nothing; it must begin with `rules:`"],
    "star": ["5:10: a text that begins with * or & must be in quotes; for a prefix write term*"],
    "star-word": ["5:9: the alias *iran is not allowed: write out what it stands for; a text that begins with *"],
    "tabs": ["2:1: a tab stands here: YAML indents with blanks only"],
    "tag-binary": ["3:12: the tag !!binary is not allowed: write the value without it"],
    "tag-handle": ["5:12: the tag tag:example.org,2026:x is not allowed"],
    "tag-python": ["4:12: the tag !!python/object/apply:os.system is not allowed"],
    "text-at-top": ["1:1: a text stands here where keys are meant; the file must begin with `rules:`"],
    "text-for-terms": ['4:10: rule "iran", any: must be a list, one line each after a dash; a text stands here'],
    "two-parts": ["2:1: a second `---` begins here; a file holds one part only"],
    "unclosed-bracket": ["4:10: the quote or bracket that opens here is never closed"],
    "unclosed-quote": ["3:12: the quote or bracket that opens here is never closed"],
    "utf16": ["1:1: the file must be UTF-8, and it looks like UTF-16; save it as UTF-8"],
    "expect-empty": [
        '5:22: rule "x", expect match 1: must not be empty; write a headline',
        '5:26: rule "x", expect match 2: must not be empty',
        '5:40: rule "x", expect ignore: must be a list, one line each after a dash; a text stands here',
    ],
    "keys-of-a-rule": [
        '5:15: rule "x", strength: "abuot" is not known; it must be about or mention; did you mean "about"?',
        '6:18: rule "x", min_outlets: "many" is not a whole number from 1 to 500',
        '7:15: rule "x", cooldown: "6" is no duration; write a number and s, m, h or d',
        '8:11: rule "x", lang: "English" is no language code',
        '9:15: rule "x", outlets: "onli" is no key here; did you mean "only"?',
        '10:14: rule "x", expect: "matches" is no key here; did you mean "match"?',
    ],
    "lower-case-operators": ['4:17: rule "x", match: operators are written in capitals: AND'],
    "match-and-lists": ['4:10: rule "x", any: a rule has either lists or an expression'],
    "match-deep": ['4:63: rule "x", match: parentheses and NOTs are nested more than 50 deep; write it flatter'],
    "match-double-quoted": ['4:48: rule "x", match: there is no watchlist @prsia; did you mean @persia?'],
    "match-empty": ['4:12: rule "x", match: must not be empty; write a term, or take the key out'],
    "match-folded": ['7:7: rule "x", match: there is no operator "adn"; did you mean "AND"?'],
    "match-list": ['4:12: rule "x", match: must be text, and a list stands here'],
    "match-literal": ['6:13: rule "x", match: there is no field "titel"; did you mean "title"?'],
    "match-not-only": ['4:12: rule "x", match: the rule would be met by every article that lacks something'],
    "match-nots": ['4:13: rule "x", match: parentheses and NOTs are nested more than 50 deep'],
    "match-plain-lines": ['5:7: rule "x", match: this ( is never closed; write a ) where it ends'],
    "match-side-by-side": ['4:17: rule "x", match: two terms stand side by side; write AND or OR between them'],
    "match-single-quoted": ['4:39: rule "x", match: the regular expression cannot be read: missing ): ('],
    "match-too-long": ['4:12: rule "x", match: must have at most 20,000 characters'],
    "match-wide": ['4:18015: rule "x", match: two terms stand side by side'],
    "near-too-far": ['4:17: rule "x", match: NEAR/1000000000000000000000 reaches too far; at most NEAR/99'],
    "norway-of-a-rule": [
        '5:15: rule "x", strength: "no" is not known; it must be about or mention',
        '6:18: rule "x", min_outlets: "0123" is not a whole number from 1 to 500',
        '7:15: rule "x", cooldown: "12:30" is no duration',
    ],
    "outlets-a-list": [
        '5:14: rule "x", outlets: must have keys and values, as in `only: …`; a list stands here',
        '6:13: rule "x", expect: must have keys and values, as in `match: …`; a list stands here',
    ],
    "regex-catastrophe": ['4:23: rule "x", any 2: the regular expression cannot be read: invalid repetition size'],
    "regex-look-around": [
        '4:11: rule "x", any 1: the regular expression cannot be read: invalid perl operator: (?<=; RE2 has neither',
        '4:24: rule "x", any 2: the regular expression cannot be read: invalid escape sequence: \\1; RE2 has neither',
    ],
    "yaml-directive": ["1:1: after this there is an escape or a % line that is not YAML"],
}


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_corpus_file_is_refused_where_it_is_wrong_and_costs_no_other_file(path: Path) -> None:
    made, found = check(files(rules_x=path.read_bytes()))
    told = [f"{p.line}:{p.column}: {p.message}" for p in found]
    assert {p.path for p in found} <= {"config/rules/x.yaml"}
    for wanted in EXPECTED.get(path.stem, []):
        assert any(line.startswith(wanted) for line in told), (wanted, told)
    assert bool(told) is not path.stem.startswith("sound-"), told
    assert made.rules[0].id == "iran"
    assert [s.id for s in made.subscriptions] == ["morning"]


def test_every_corpus_file_is_expected_to_be_wrong_somewhere_or_is_called_sound() -> None:
    names = {path.stem for path in CORPUS.glob("*.yaml")}
    assert {name for name in names if not name.startswith("sound-")} == set(EXPECTED)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_corpus_file_costs_a_second_and_64_megabytes_at_most(path: Path) -> None:
    given_ = files(rules_x=path.read_bytes())
    began = time_.process_time()
    check(given_)
    assert time_.process_time() - began < 1
    tracemalloc.start()
    try:
        check(given_)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_there_are_forty_hostile_files() -> None:
    assert len(EXPECTED) >= 40


def test_a_rule_has_all_its_keys() -> None:
    made, found = check(files(rules_x=(CORPUS / "sound-match.yaml").read_bytes()))
    assert found == ()
    rule = made.rules[1]
    assert rule.match.startswith("title:(@persia OR tehran) AND (oil NEAR/5")
    assert (rule.strength, rule.min_outlets, rule.cooldown) == ("about", 2, timedelta(hours=6))
    assert (rule.lang, rule.only_outlets, rule.not_outlets) == (("en", "fa"), ("BBC News",), ("The Onion",))
    assert rule.expect == (
        Expect("Iran raises the price\nof its oil", matches=True),
        Expect("Oil is cheap", matches=False),
        Expect("no", matches=False),
    )
    assert made.rules[0] == Rule("iran", "Iran", any=("@persia",)), "what is left out has its default"


def test_a_language_may_stand_alone() -> None:
    made, found = check(files(rules_x="rules: [{id: x, title: X, any: [a], lang: no}]"))
    assert found == ()
    assert made.rules[1].lang == ("no",)


def test_families_are_read_and_may_be_missing() -> None:
    text = "families:\n  - {id: polaris, members: [Polaris Wire], cited_as: [Polaris], wire: true}\n"
    assert check(files(families=text))[0].families == (Family("polaris", ("Polaris Wire",), ("Polaris",), wire=True),)
    assert check(files())[0].families == ()


WATCHLISTS = """\
watchlists:
  - id: persia
    aliases: [Iran]
    none: [Iran Air]
  - id: east
    aliases: ["@persia", Korea]
%s"""


def test_a_watchlist_may_hold_another_and_keep_phrases_out() -> None:
    made, found = check(files(watchlists=WATCHLISTS % ""))
    assert found == ()
    assert made.watchlists == (
        Watchlist("persia", ("Iran",), ("Iran Air",)),
        Watchlist("east", ("@persia", "Korea")),
    )


def test_watchlists_that_hold_each_other_are_told_with_the_way_and_so_is_who_uses_them() -> None:
    circle = "  - {id: a, aliases: [x, '@b']}\n  - {id: b, aliases: ['@a']}\n  - {id: c, aliases: ['@a']}\n"
    made, found = check(files(watchlists=WATCHLISTS % circle, rules_x="rules: [{id: x, title: X, any: ['@c']}]"))
    assert [w.id for w in made.watchlists] == ["persia", "east"], "what holds a wrong one is left out with it"
    assert [str(problem) for problem in found] == [
        f"config/watchlists.yaml:{place}: the watchlist {way}; take one of them out of another"
        for place, way in (
            ('7:26: watchlist "a", aliases 2', "@a holds itself: @a → @b → @a"),
            ('8:23: watchlist "b", aliases 1', "@b holds itself: @b → @a → @b"),
        )
    ] + [
        'config/rules/x.yaml:1:33: rule "x", any 1: there is no watchlist @c (watchlists.yaml is wrong: repair that first)'
    ]


def test_a_problem_shows_its_line_only_where_no_secret_can_be() -> None:
    _, found = check(
        files(
            rules_x="rules: [{id: x, title: X, match: iran oil}]",
            watchlists=WATCHLISTS % "  - {id: x, aliases: ['a:b']}\n",
            channels="channels: [{id: x, kind: 'https://hooks.slack.example/T1/B2/s3cret'}]",
            subscriptions="subscriptions: [{id: s, rules: all, channel: x, when: instant, to: [anna]}]",
        )
    )
    shown = {problem.path: problem.text for problem in found}
    assert shown["config/rules/x.yaml"] == "rules: [{id: x, title: X, match: iran oil}]"
    assert shown["config/watchlists.yaml"] == "  - {id: x, aliases: ['a:b']}"
    assert [shown[f"config/{name}.yaml"] for name in ("channels", "subscriptions")] == ["", ""]


@pytest.mark.parametrize(
    "style",
    ["'%s'", '"%s"', "%s", ">-\n      %s", "|\n      %s", ">\n\n      %s\n\n"],
)
@given(
    st.lists(st.sampled_from(["iran", "OR", "(a)", "伊朗", "\n      ", "it''s", "\\u0041", "''"]), max_size=8),
    st.integers(0, 40),
)
@settings(max_examples=60, deadline=None)
def test_a_letter_of_a_text_is_found_where_it_is_written(style: str, parts: list[str], offset: int) -> None:
    """Whatever quotes, folds and escapes do: the letter that stands there is the letter that is meant."""
    inside = "x " + " ".join(parts)
    if style == '"%s"':
        inside = inside.replace("\n", "\\\n")
    parsed = tree.parse(("match: " + style % inside + "\n").encode())
    assert parsed.faults == []
    said = parsed.value["match"]
    offset = min(offset, len(said) - 1)
    if said[offset].isspace():
        return
    line, column = parsed.place(("match", offset))
    assert parsed.line(line)[column - 1] in {said[offset], "\\"}


def test_nothing_is_guessed_texts_stay_as_they_are_written() -> None:
    made, _ = check(files(rules_x=(CORPUS / "sound-norway.yaml").read_bytes()))
    norway = made.rules[1]
    assert norway.title == "no"
    assert norway.tags == (*("yes", "off", "0123", "12:30", "1e3", "2026-07-01", "0x1F", "1_000", ".inf", "true"),)
    assert norway.any == ("no", "0123", "12:30", "1e3", "2026")


def test_a_misspelt_key_is_not_also_missing() -> None:
    assert problems(rules_x="rules: [{id: x, titel: X, any: [a]}]") == [
        'config/rules/x.yaml:1:17: rule "x": "titel" is no key here; did you mean "title"?'
    ]
    assert problems(rules_x="rulez: []") == ['config/rules/x.yaml:1:1: "rulez" is no key here; did you mean "rules"?']


def test_a_file_over_the_limit_is_not_read() -> None:
    (found,) = problems(rules_x=b"#" * 1_000_001)
    assert found.startswith("config/rules/x.yaml:0:0: the file is larger than 1,000,000 bytes; split it")


# ── what each kind of file may say ───────────────────────────────────────────────────────────────────────────────────

FEED = "feeds:\n  - {id: bbc, url: 'https://bbc.example/rss', outlet: BBC, %s}\n"
OPERATED = "channels: [{id: mail, kind: mail, from: a@example.org}, {id: slack, kind: slack}]\noperator: {%s}\n"
SUBSCRIPTION = "subscriptions:\n  - id: s\n    rules: all\n    channel: %s\n    %s\n    %s\n"

MISTAKES = [
    # Feeds
    ("feeds", FEED % "every: 15", '2:67: feed "bbc", every: "15" is no duration; write a number and s, m, h or d'),
    ("feeds", FEED % "every: 1.5h", '"1.5h" is no duration'),
    ("feeds", FEED % "every: 999999999999999999999h", "is no duration"),
    ("feeds", FEED % "every: -5m", "is no duration"),
    ("feeds", FEED % "every: 30s", 'feed "bbc", every: a server of others is asked every 1m at most'),
    ("feeds", FEED % "every: 8d", "8d is out of bounds; it must be from 1m to 7d"),
    (
        "feeds",
        FEED % "secret: hunter2:pass",
        'feed "bbc", secret: must be the name of a secret, such as wire-pro, never',
    ),
    ("feeds", FEED % "first_poll: everything", '"everything" is no duration'),
    ("feeds", FEED % "identity: link", '"link" is not known; it must be auto, guid, url or content'),
    ("feeds", FEED % "full_text: yes", '"yes" is not known; it must be true or false'),
    ("feeds", FEED % "first_poll: 401d", "it must be at most 400d, or all"),
    ("feeds", FEED % "lang: English", '"English" is no language code'),
    ("feeds", FEED % "country: UK", '"UK" is no country code'),
    ("feeds", FEED % "language: en", '"language" is no key here; did you mean "lang"?'),
    ("feeds", "feeds: [{id: a, outlet: A}]", '1:9: feed "a": the key "url" is missing'),
    ("feeds", "feeds: [{id: a, outlet: A, url: ftp://a.example/}]", 'feed "a", url: is no URL that can be fetched'),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'file:///etc/passwd'}]", "is no URL that can be fetched"),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'https://[::1'}]", "is no URL; write http://"),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'https://a.example:99999/'}]", "is no URL; write http://"),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'https://a.example/a b'}]", "must hold no blanks"),
    ("feeds", 'feeds: [{id: a, outlet: A, url: "https://a.example/\\r\\nHost: b"}]', "must hold no blanks"),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'http://10.1.2.3/rss'}]", '1:33: feed "a", url: 10.1.2.3 is a private'),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'http://localhost:8585/'}]", "localhost is a private address"),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'http://169.254.169.254/'}]", "169.254.169.254 is a private address"),
    ("feeds", "feeds: [{id: a, outlet: A, url: 'http://[::1]/'}]", "::1 is a private address"),
    ("feeds", "feeds: []\nallow_hosts: ['http://127.0.0.1:80']", "2:15: allow_hosts 1: is no host"),
    ("feeds", "feeds: []\nallow_hosts: ['fe80::zz']", "allow_hosts 1: is no host"),
    ("feeds", "feeds: []\ncontact: me", "2:10: contact: is no URL"),
    ("feeds", "feeds: []\ncontact: 'mailto:me'", "contact: is no mail address"),
    ("feeds", "feeds: []\ndefaults: {evry: 1h}", '2:12: defaults: "evry" is no key here; did you mean "every"?'),
    ("feeds", "feeds: []\ndefaults: {every: 59s}", "2:19: defaults every: 59s is out of bounds; it must be from 1m"),
    ("feeds", "feeds: []\ndefaults:", "2:1: defaults: is empty; write its keys and values, or delete it"),
    (
        "feeds",
        "feeds:\n- {id: a, url: 'https://a.example/', outlet: A}\n- {id: a, url: 'https://b.example/', outlet: B}",
        '3:8: feed "a", id: this id is taken, at config/feeds.yaml:2:8; choose another',
    ),
    (
        "feeds",
        "feeds:\n- {id: a, url: 'https://a.example/', outlet: A}\n- {id: b, url: 'https://a.example/', outlet: B}",
        '3:16: feed "b", url: this URL is polled already, at config/feeds.yaml:2:16; delete one',
    ),
    ("feeds", "feeds: [{id: A_1, outlet: A, url: 'https://a.example/'}]", '"A_1" is no id'),
    ("feeds", f"feeds: [{{id: {'a' * 65}, outlet: A, url: 'https://a.example/'}}]", "at most 64 characters"),
    ("feeds", "feeds: [{id: a, outlet: '', url: 'https://a.example/'}]", "outlet: must not be empty"),
    ("feeds", 'feeds: [{id: a, outlet: "A\\nB", url: "https://a.example/"}]', "outlet: must be one line"),
    ("feeds", f"feeds: [{{id: a, outlet: {'A' * 201}, url: 'https://a.example/'}}]", "at most 200 characters"),
    # Watchlists
    ("watchlists", "watchlists: [{id: persia, aliases: []}]", '1:36: watchlist "persia", aliases: must not be empty'),
    (
        "watchlists",
        "watchlists: [{id: persia, aliases: ['@x']}]",
        '1:37: watchlist "persia", aliases 1: there is no watchlist @x',
    ),
    ("watchlists", "watchlists: [{id: persia, aliases: [a, a]}]", 'aliases 2: "a" says the same as aliases 1'),
    ("watchlists", "watchlists: [{id: persia, alias: [a]}]", '"alias" is no key here; did you mean "aliases"?'),
    # Families
    ("families", "families: [{id: a, members: []}]", '1:29: family "a", members: must not be empty'),
    ("families", "families: [{id: a, members: [A], wire: maybe}]", 'wire: "maybe" is not known; it must be'),
    ("families", "families: [{id: a, member: [A]}]", '"member" is no key here; did you mean "members"?'),
    (
        "families",
        "families: [{id: a, members: [A]}, {id: b, members: [B, a]}]",
        '1:56: family "b", members 2: this outlet is in the family "a" too, at config/families.yaml:1:17; delete one',
    ),
    # Rules
    ("rules_x", "rules: [{id: x, title: X}]", '1:9: rule "x", any: the rule looks for nothing'),
    ("rules_x", "rules: [{id: all, title: X, any: [a]}]", '"all" cannot be an id'),
    ("rules_x", "rules: [{id: x, title: X, any: ['@prsia']}]", "there is no watchlist @prsia; did you mean @persia?"),
    ("rules_x", "rules: [{id: iran, title: X, any: [a]}]", "this id is taken, at config/rules/iran.yaml:2:9"),
    ("rules_x", "rules: [{id: x, title: X, keywords: [a]}]", '"keywords" is no key here; write `any`'),
    # Channels
    (
        "channels",
        "channels: [{id: x, kind: pigeon}]",
        '"pigeon" is not known; it must be mail, slack, webhook or apprise',
    ),
    ("channels", "channels: [{id: x, kind: webhok}]", 'or apprise; did you mean "webhook"?'),
    ("channels", "channels: [{id: x, kind: slack, from: a@localhost}]", "only a mail channel has a sender"),
    ("channels", "channels: [{id: x, kind: mail, from: nobody}]", '1:38: channel "x", from: is no sender'),
    ("channels", 'channels: [{id: x, kind: mail, from: "A <a@b>\\nBcc: c@d"}]', "from: must be one line"),
    (
        "channels",
        "channels: [{id: x, kind: slack, connection: 'https://hooks.slack.example/T/B/s3cret'}]",
        "is no name of",
    ),
    ("channels", OPERATED % "channel: mial", 'operator channel: there is no channel "mial"; did you mean "mail"?'),
    ("channels", OPERATED % "channel: mail", "operator to: mail needs recipients; write `to:`"),
    ("channels", OPERATED % "channel: slack, to: [a@example.org]", "operator to: only mail has addresses, only Slack"),
    ("channels", OPERATED % "channel: slack, otherwise: slack", "operator otherwise: this is the same channel"),
    ("channels", OPERATED % "otherwise: slack", 'operator channel: the key "channel" is missing'),
    ("channels", OPERATED % "channell: slack", '"channell" is no key here; did you mean "channel"?'),
    ("channels", "channels: [{id: x, kind: slack, token: s3cret}]", '"token" is no key here; write a connection'),
    # Subscriptions
    ("subscriptions", SUBSCRIPTION % ("slack", "when: 7:30", ""), "did you mean `daily at 07:30`?"),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: daily at 24:00", ""), '5:11: subscription "s", when: "daily at'),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: monthly", ""), "write `instant`, `hourly`, `daily at 07:30`"),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: daily at 07:30", ""), "needs a time zone; add `zone: Europe/L"),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: instant", "zone: europe/london"), 'mean "Europe/London"?'),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: instant", "zone: ../../etc/passwd"), "no time zone"),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: instant", "max_items: 5"), "only a digest counts stories"),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: instant", "backfill: 91d"), "it must be at most 90d"),
    (
        "subscriptions",
        SUBSCRIPTION % ("slack", "when: instant", "to: [a@b.example]"),
        "not a channel of Slack's, such as #news",
    ),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: instant", "to: ['#news', '#News']"), "no channel of Slack's"),
    ("subscriptions", SUBSCRIPTION % ("slack", "when: instant", "to: ['#news', '#news']"), "twice; delete one"),
    ("subscriptions", SUBSCRIPTION % ("mail", "when: instant", "to: ['#news']"), "not a mail address"),
    ("subscriptions", SUBSCRIPTION % ("mail", "when: instant", ""), '2:5: subscription "s": mail needs recipients'),
    ("subscriptions", SUBSCRIPTION % ("mail", "when: instant", "to: [a@b.example, A@b.example]"), "twice; delete one"),
    (
        "subscriptions",
        SUBSCRIPTION % ("mail", "when: instant", "to: [nobody]"),
        '6:10: subscription "s", to 1: is no m',
    ),
    ("subscriptions", SUBSCRIPTION % ("mail", "when: instant", "to: [A <a@b.example>]"), "the address alone"),
    (
        "subscriptions",
        SUBSCRIPTION % ("mail", "when: instant", 'to: ["a@b.example\\nBcc: c@d.example"]'),
        "a line break",
    ),
    ("subscriptions", SUBSCRIPTION % ("mail", "when: instant", "to: [a@bücher.example]"), "letters that are not ASCII"),
    ("subscriptions", SUBSCRIPTION % ("mial", "when: instant", ""), 'there is no channel "mial"; did you mean "mail"?'),
    ("subscriptions", SUBSCRIPTION % ("pigeon", "when: instant", ""), "; the channels are mail, slack"),
    ("subscriptions", SUBSCRIPTION % ("slack", "at: 07:30", ""), '"at" is no key here; write `when: daily at 07:30`'),
    (
        "subscriptions",
        GOOD["config/subscriptions.yaml"].replace("[iran]", "[irann]"),
        'rule "irann"; did you mean "iran"?',
    ),
    ("subscriptions", GOOD["config/subscriptions.yaml"].replace("[iran]", "[iran, iran]"), "3:19: subscription"),
    ("subscriptions", GOOD["config/subscriptions.yaml"].replace("[iran]", "[all]"), "write `rules: all`, without br"),
    ("subscriptions", GOOD["config/subscriptions.yaml"].replace("[iran]", "[]"), "must be `all`, or a list such"),
    ("subscriptions", GOOD["config/subscriptions.yaml"] + "    max_items: 1e9\n", "whole number from 1 to 500"),
    ("subscriptions", GOOD["config/subscriptions.yaml"] + f"    max_items: {'9' * 6000}\n", "whole number from 1"),
    ("subscriptions", GOOD["config/subscriptions.yaml"] + "    max_items: 501\n", "whole number from 1 to 500"),
]


@pytest.mark.parametrize(("name", "text", "wanted"), MISTAKES, ids=[m[2][:50] for m in MISTAKES])
def test_a_mistake_is_told_in_plain_words(name: str, text: str, wanted: str) -> None:
    found = [line for line in problems(**{name: text}) if line.startswith(f"config/{name.replace('rules_', 'rules/')}")]
    assert len(found) == 1 or name in {"rules_x", "subscriptions"}, found
    assert any(wanted in line for line in found), found
    assert re.fullmatch(r"config/[a-z/]+\.yaml:[1-9][0-9]*:[1-9][0-9]*: .+", found[0])


def test_a_secret_or_an_address_is_never_repeated() -> None:
    found = problems(
        feeds="feeds: [{id: a, outlet: A, url: 'https://anna:s3cret@a.example/'}]\ncontact: 'mailto:anna@@example.org'",
        channels="channels: [{id: x, kind: 'https://hooks.slack.example/T1/B2/s3cret', connection: 'smtp://a:s3cret@m'}]",
        subscriptions="subscriptions: [{id: s, rules: all, channel: 'https://x/s3cret', when: anna@example.org, to: [anna]}]",
    )
    assert len(found) >= 7
    assert not re.search("s3cret|anna", "\n".join(found))


def test_the_errors_of_all_files_come_at_once_in_the_order_of_files_and_lines() -> None:
    found = problems(
        feeds="feeds:\n  - id: bbc\n    every: often\n    url: https://bbc.example/\n",
        watchlists="watchlists:\n\t- id: x\n",
        rules_iran="rules:\n  - {id: iran, title: Iran, any: [a], non: [b]}\n",
        rules_x='rules:\n  - {id: x, title: X, any: ["@nobody"]}\n',
        channels="channels: [{id: mail, kind: pigeon}]\n",
        subscriptions=GOOD["config/subscriptions.yaml"].replace("07:30", "25:00").replace("[iran]", "[nothing]"),
    )
    assert [line.split(": ")[0] for line in found] == [
        "config/feeds.yaml:2:5",
        "config/feeds.yaml:3:12",
        "config/watchlists.yaml:2:1",
        "config/rules/iran.yaml:2:39",
        "config/rules/x.yaml:2:29",
        "config/channels.yaml:1:29",
        "config/subscriptions.yaml:3:13",
        "config/subscriptions.yaml:4:14",
        "config/subscriptions.yaml:6:11",
    ]
    assert "watchlists.yaml is wrong: repair that first" in found[4]
    assert "a rule file is wrong: repair that first" in found[6]


@pytest.mark.parametrize("name", ["feeds", "channels", "subscriptions"])
def test_a_required_file_that_is_missing_is_named(name: str) -> None:
    assert f"config/{name}.yaml:0:0: the file is missing; it must begin with `{name}:`" in problems(**{name: None})


def test_rule_files_and_watchlists_that_are_missing() -> None:
    assert "config/rules:0:0: there is no rule file; write one, such as rules/iran.yaml" in problems(rules_iran=None)
    assert problems(watchlists=None, rules_iran="rules: [{id: iran, title: Iran, any: [iran]}]") == []
    assert len(check(())[1]) == 4


def test_a_file_that_is_none_of_ours_is_told() -> None:
    odd = (*files(), File("config/rules/iran.yml", b"rules: []"), File("config/other.yaml", b"other: []"))
    assert [p.path for p in check(odd)[1]] == ["config/other.yaml", "config/rules/iran.yml"]


# ── what comes of it ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_defaults_are_applied_while_loading() -> None:
    text = """\
contact: mailto:desk@example.org
allow_hosts: [127.0.0.1, "::1"]
defaults: {every: 1h, first_poll: all}
feeds:
  - {id: a, url: "http://127.0.0.1/", outlet: A}
  - {id: c, url: "http://127.0.0.1/c", outlet: C, every: 10s}
  - {id: b, url: "https://b.example/", outlet: B, every: 5m, first_poll: 0h, lang: zh-Hant, country: tw}
  - {id: d, url: "https://d.example/", outlet: D, identity: url, full_text: true}
"""
    made, found = check(files(feeds=text))
    assert found == ()
    assert made.feeds == (
        Feed("a", "http://127.0.0.1/", "A", every=timedelta(hours=1), first_poll=None),
        Feed("c", "http://127.0.0.1/c", "C", every=timedelta(seconds=10), first_poll=None),
        Feed("b", "https://b.example/", "B", "zh-Hant", "tw", timedelta(minutes=5), timedelta(0)),
        Feed("d", "https://d.example/", "D", every=timedelta(hours=1), first_poll=None, identity="url", full_text=True),
    )
    assert (made.allow_hosts, made.contact) == ({"127.0.0.1", "::1"}, "mailto:desk@example.org")
    (bbc,) = check(files())[0].feeds
    assert bbc == Feed("bbc", "https://feeds.bbci.co.uk/news/world/rss.xml", "BBC News", every=None)


def test_a_subscription_is_finished() -> None:
    text = (
        SUBSCRIPTION % ("slack", "when: instant", "title: All of it")
        + GOOD["config/subscriptions.yaml"].partition("\n")[2]
    )
    made, found = check(files(subscriptions=text, rules_x="rules: [{id: x, title: X, any: [a]}]"))
    assert found == ()
    at_once, morning = made.subscriptions
    assert (at_once.rules, at_once.kind, at_once.recipients, at_once.cron) == (("iran", "x"), "slack", ("",), "")
    assert (morning.kind, morning.recipients, morning.cron) == ("mail", ("anna@example.org",), "30 7 * * *")
    assert (morning.zone, morning.max_stories, morning.backfill) == ("Europe/London", 50, timedelta(0))


def test_channels_have_the_connection_of_their_kind_unless_they_name_one() -> None:
    text = "channels: [{id: a, kind: mail, from: t@example.org}, {id: b, kind: slack}, {id: c, kind: webhook}, {id: d, kind: slack, connection: x}]"
    made = check(files(channels=text))[0].channels
    assert [c.connection for c in made] == ["alerts_smtp", "alerts_slack", "alerts_webhook", "x"]


def test_the_operator_is_told_by_the_channel_that_is_named_and_otherwise_by_the_other() -> None:
    made, found = check(files(channels=OPERATED % "channel: mail, to: [a@example.org], otherwise: slack"))
    assert found == ()
    assert made.operator == (Way("mail", "mail", ("a@example.org",)), Way("slack", "slack"))
    both, _ = check(files(channels=OPERATED % 'channel: slack, to: [a@example.org, "#ops"], otherwise: mail'))
    assert both.operator == (Way("slack", "slack", ("#ops",)), Way("mail", "mail", ("a@example.org",)))
    assert check(files(channels=(OPERATED % "").replace("operator: {}", "")))[0].operator == ()


def test_one_bad_entry_costs_no_other_entry() -> None:
    made, found = check(
        files(
            feeds="feeds:\n- {id: a, url: x, outlet: A}\n- {id: b, url: 'https://b.example/', outlet: B}\n",
            rules_x="rules:\n- {id: x, title: X, any: [a, a]}\n- {id: y, title: Y, any: [a]}\n",
        )
    )
    assert [feed.id for feed in made.feeds] == ["b"]
    assert [rule.id for rule in made.rules] == ["iran", "y"]
    assert len(found) == 2


def test_a_bad_head_costs_no_feed() -> None:
    made, found = check(
        files(feeds=GOOD["config/feeds.yaml"] + "defaults: {every: x, first_poll: 1h}\nallow_hosts: [a/b, c]\n")
    )
    assert made.feeds[0].every is None
    assert made.feeds[0].first_poll == timedelta(hours=1)
    assert made.allow_hosts == {"c"}
    assert len(found) == 2


# ── the last good version ────────────────────────────────────────────────────────────────────────────────────────────


def sound(**changed: str) -> dict[str, bytes]:
    return {file.path: file.text for file in files(**changed)}


def test_sound_files_are_given_back_to_be_kept() -> None:
    loaded = load(files(), {})
    assert (loaded.problems, loaded.kept) == ((), ())
    assert dict(loaded.sound) == sound()
    assert loaded.config == check(files())[0]


BROKEN = [
    ("feeds", "feeds: [", "feeds"),
    ("watchlists", "watchlists:\n\t- x", "watchlists"),
    ("rules_iran", "rules:\n  - @iran", "rules"),
    ("channels", "channels: [{id: mail, kind: pigeon}]", "channels"),
    ("subscriptions", "subscriptions: none", "subscriptions"),
]


@pytest.mark.parametrize(("name", "text", "kind"), BROKEN, ids=[b[0] for b in BROKEN])
def test_a_broken_file_keeps_its_last_good_version_and_stops_nothing_else(name: str, text: str, kind: str) -> None:
    loaded = load(files(**{name: text}), sound())
    path = f"config/{name.replace('rules_', 'rules/')}.yaml"
    assert loaded.config == check(files())[0]
    assert loaded.kept == (path,)
    assert path in {p.path for p in loaded.problems}
    assert path not in loaded.sound
    assert loaded.problems == check(files(**{name: text}))[1], "the problems are those of the files as they are"


@pytest.mark.parametrize(("name", "text", "kind"), BROKEN, ids=[b[0] for b in BROKEN])
def test_a_broken_file_without_a_good_version_is_left_out(name: str, text: str, kind: str) -> None:
    loaded = load(files(**{name: text}), {})
    assert loaded.kept == ()
    assert getattr(loaded.config, kind) == ()
    assert loaded.config.feeds or kind == "feeds"


def test_a_rule_that_is_missing_with_its_file_does_not_take_the_subscription_down() -> None:
    both = GOOD["config/subscriptions.yaml"].replace("[iran]", "[iran, new]")
    loaded = load(files(subscriptions=both, rules_new="rules: ["), sound())
    assert [s.rules for s in loaded.config.subscriptions] == [("iran", "new")], "not the old file: its rules come back"
    assert [p.path for p in loaded.problems] == ["config/rules/new.yaml", "config/subscriptions.yaml"]
    assert loaded.kept == ()


def test_a_rule_that_never_was_makes_the_file_wrong() -> None:
    both = GOOD["config/subscriptions.yaml"].replace("[iran]", "[iran, nobody]")
    loaded = load(files(subscriptions=both), sound())
    assert loaded.kept == ("config/subscriptions.yaml",)
    assert loaded.config.subscriptions[0].rules == ("iran",)
    assert load(files(subscriptions=both), {}).config.subscriptions[0].rules == ("iran", "nobody")


def test_a_rule_file_is_not_blamed_for_a_broken_watchlist() -> None:
    other = GOOD["config/rules/iran.yaml"].replace("title: Iran", "title: Persia")
    loaded = load(files(watchlists="watchlists: [", rules_iran=other), sound())
    assert loaded.kept == ("config/watchlists.yaml",)
    assert [rule.title for rule in loaded.config.rules] == ["Persia"]


def test_a_required_file_that_has_gone_is_taken_from_its_last_good_version() -> None:
    loaded = load(files(channels=None), sound())
    assert loaded.config == check(files())[0]
    assert loaded.kept == ("config/channels.yaml",)
    assert load(files(rules_x="rules: [{id: x, title: X, any: [a]}]"), sound()).config.rules[1].id == "x"


def test_a_rule_file_that_was_deleted_stays_deleted() -> None:
    good = sound(rules_x="rules: [{id: x, title: X, any: [a]}]")
    loaded = load(files(), good)
    assert [rule.id for rule in loaded.config.rules] == ["iran"]


def test_a_last_good_version_that_is_wrong_by_now_stops_nothing() -> None:
    loaded = load(files(rules_iran="rules: ["), {"config/rules/iran.yaml": b"rules: [{id: iran}]"})
    assert loaded.config.rules == ()
    assert [s.id for s in loaded.config.subscriptions] == ["morning"]


# ── the folder ───────────────────────────────────────────────────────────────────────────────────────────────────────


def write(folder: Path) -> Path:
    (folder / "config" / "rules").mkdir(parents=True)
    for path, text in GOOD.items():
        (folder / path).write_text(text, encoding="utf-8")
    return folder / "config"


def test_a_folder_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "rules" / "notes.txt").write_text("not a rule")
    assert {file.path: file.text for file in read(folder)} == sound()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no such folder; name one that holds feeds\.yaml"):
        read(tmp_path / "nowhere")


def test_what_cannot_be_read_is_a_problem_of_that_file_alone(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "rules" / "folder.yaml").mkdir()
    os.mkfifo(folder / "rules" / "pipe.yaml")
    (folder / "rules" / "gone.yaml").symlink_to(tmp_path / "gone")
    (folder / "rules" / "old.yml").write_text("rules: []")
    made, found = check(read(folder))
    *unread, old = [str(p) for p in found]
    assert unread == [
        f"config/rules/{name}.yaml:0:0: the file cannot be read: it is not a regular file"
        for name in ("folder", "gone", "pipe")
    ]
    assert old.startswith("config/rules/old.yml:0:0: this file is not one of the configuration; a rule file is called")
    assert [rule.id for rule in made.rules] == ["iran"]


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = write(tmp_path).rename(tmp_path / "rules")
    files_, found = read(folder), check(read(folder))[1]
    assert files_[0].path == "rules/feeds.yaml"
    assert found == ()


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

SIGNS = st.sampled_from(
    [*"\n  :-[]{},&*!|>'\"%@`#?~\t\\", "rules", "id: a", "title: b", "any: ", "- ", "---\n", "...\n"]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.lists(SIGNS, max_size=25).map("".join).map(str.encode)))
def test_no_text_makes_the_reader_raise_and_every_place_is_in_the_file(text: bytes) -> None:
    made, found = check(files(rules_x=text))
    lines = text.decode("utf-8", "replace").count("\n") + text.decode("utf-8", "replace").count("\r") + 1
    assert made.rules[0].id == "iran"
    for problem in found:
        assert problem.path == "config/rules/x.yaml"
        assert 0 <= problem.line <= lines + 1
        assert "\n" not in str(problem)


@given(st.integers(1, 99_999), st.sampled_from("smhd"))
def test_a_duration_is_its_number_of_its_unit(number: int, unit: str) -> None:
    seconds = number * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
    assert scalars.duration(f"{number}{unit}") == timedelta(seconds=seconds)


@given(st.text(max_size=8))
def test_a_duration_is_nothing_else(text: str) -> None:
    if not re.fullmatch(r"(0|[1-9][0-9]{0,4})[smhd]", text):
        with pytest.raises(ValueError, match="is no duration"):
            scalars.duration(text)


@given(st.times())
def test_every_minute_of_the_day_can_be_asked_for(at: time) -> None:
    assert scalars.when(f"daily at {at:%H:%M}") == f"{at.minute} {at.hour} * * *"


@given(st.text(max_size=40))
def test_no_address_with_a_line_break_or_a_control_character_is_taken(text: str) -> None:
    if not text.isprintable() or " " in text:
        with pytest.raises(ValueError, match=r"mail address|line break|alone|ASCII"):
            scalars.address(f"anna{text}@example.org")


def test_only_mail_and_slack_have_recipients() -> None:
    text = "channels: [{id: hook, kind: webhook}, {id: slack, kind: slack}]"
    subscriptions = SUBSCRIPTION % ("hook", "when: instant", "to: ['#news']")
    found = check(files(channels=text, subscriptions=subscriptions))[1]
    assert any("only mail and Slack have recipients" in str(problem) for problem in found)
    subscriptions = SUBSCRIPTION % ("slack", "when: instant", "to: ['#news', C0123ABCDEF]")
    (made,) = check(files(channels=text, subscriptions=subscriptions))[0].subscriptions
    assert made.recipients == ("#news", "C0123ABCDEF")


def test_the_public_names_are_there() -> None:
    assert set(config.__all__) >= {"File", "Config", "ChannelSettings", "Loaded", "read", "check", "load", "schema"}
    assert check(files())[0].watchlists == (Watchlist("persia", ("Iran", "ایران")),)


def test_a_mail_channel_without_a_sender_is_refused_before_mail_is_due() -> None:
    found = check(files(channels="channels: [{id: a, kind: mail}]"))[1]
    assert [str(problem) for problem in found if "sender" in problem.message] == [
        'config/channels.yaml:1:26: channel "a", kind: a mail channel needs a sender; write from: "Tocsin <tocsin@example.org>"'
    ]
