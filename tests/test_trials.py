"""Rules tried out: those of a folder alone, as a filter, and against the cases that they carry."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest

from alerts import config, lines, rules, trials
from alerts.errors import AlertsError, ConfigError, Problem
from alerts.model import Article, Expect, Rule, Watchlist

RULE = "rules:\n  - {id: iran, title: Iran, any: ['@iran']}\n"
WATCHLISTS = "watchlists:\n  - {id: iran, aliases: [Iran, Tehran]}\n"
BROKEN = "rules:\n  - {id: oil, title: Oil, any: ['@irn']}\n  - {id: gas, titel: Gas, any: [gas]}\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


# ── the rules of a folder ────────────────────────────────────────────────────────────────────────────────────────────

FOLDERS = [
    ("a whole configuration", "c", {"c/rules/a.yaml": RULE, "c/watchlists.yaml": WATCHLISTS, "c/feeds.yaml": "x"}),
    ("its rules alone", "c/rules", {"c/rules/a.yaml": RULE, "c/watchlists.yaml": WATCHLISTS}),
    ("rule files with their watchlists among them", "my", {"my/a.yaml": RULE, "my/watchlists.yaml": WATCHLISTS}),
    ("rule files with their watchlists beside the folder", "my", {"my/a.yaml": RULE, "watchlists.yaml": WATCHLISTS}),
    (
        "watchlists among them before those beside",
        "my",
        {"my/a.yaml": RULE, "my/watchlists.yaml": WATCHLISTS, "watchlists.yaml": "?"},
    ),
]


@pytest.mark.parametrize(("why", "folder", "files"), FOLDERS, ids=[case[0] for case in FOLDERS])
def test_the_rules_of_a_folder(why: str, folder: str, files: dict[str, str], tmp_path: Path) -> None:
    found = trials.rules_in(write(tmp_path, files) / folder)
    assert list(found.by_id) == ["iran"]
    assert rules.match(lines.plain("Tehran speaks"), found) is not None


WRONG = [
    ("a folder that is not there", "c", {}, ["there is no such folder"]),
    ("a folder without rules", "c", {"c/feeds.yaml": "x"}, ["there is no rule file"]),
    (
        "every mistake of every rule file, by the path that a reader knows",
        "c",
        {
            "c/rules/a.yaml": BROKEN,
            "c/rules/b.yaml": "rules: [",
            "c/watchlists.yaml": WATCHLISTS,
            "c/channels.yaml": "?",
        },
        ["c/rules/a.yaml:2:", "c/rules/a.yaml:3:", "c/rules/b.yaml:1:"],
    ),
    (
        "and so in a folder of rule files alone",
        "my",
        {"my/a.yaml": BROKEN, "my/b.yaml": BROKEN, "my/watchlists.yaml": "watchlists: 5"},
        ["my/watchlists.yaml:1:", "my/a.yaml:2:", "my/a.yaml:3:", "my/b.yaml:3:", "at my/a.yaml:2:"],
    ),
    (
        "a file with the wrong ending",
        "my",
        {"my/a.yml": RULE, "my/watchlists.yaml": WATCHLISTS},
        ["my/a.yml", "not one of the configuration"],
    ),
]


@pytest.mark.parametrize(("why", "folder", "files", "said"), WRONG, ids=[case[0] for case in WRONG])
def test_a_folder_with_mistakes_is_refused_with_all_of_them(
    why: str, folder: str, files: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as refused:
        trials.rules_in(write(tmp_path, files) / folder)
    told = str(refused.value)
    assert [words for words in said if words not in told] == []
    assert "channels" not in told
    assert "feeds.yaml:" not in told


def test_a_rule_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (write(tmp_path, {"my/a.yaml": RULE, "my/watchlists.yaml": WATCHLISTS}) / "my" / "b.yaml").mkdir()
    with pytest.raises(ConfigError, match="not a regular file"):
        trials.rules_in(tmp_path / "my")


# ── a filter ─────────────────────────────────────────────────────────────────────────────────────────────────────────

COMPILED = rules.compile(
    [Rule("iran", "Iran", any=("@iran",)), Rule("oil", "Oil", any=("oil",))], {"iran": Watchlist("iran", ("Iran",))}
)


def test_a_line_for_each_hit_and_a_problem_for_each_bad_line_in_their_order() -> None:
    stream = io.BytesIO(
        b'{"id": "a", "title": "Iran sells oil"}\nnonsense\n{"id": "b", "title": "Rain"}\n\n{"id": 3, "title": "Oil"}\n'
    )
    found = list(trials.matched(stream, COMPILED))
    told = [f.line if isinstance(f, Problem) else tuple(json.loads(f)[key] for key in ("id", "rule")) for f in found]
    assert told == [("a", "iran"), ("a", "oil"), 2, (3, "oil")]


def test_evidence_points_into_the_text_that_was_given() -> None:
    said = {"id": "a", "title": " Crude\tOIL  ", "text": "x\n<b>Iran</b>", "summary": "oil"}
    stream = io.BytesIO(json.dumps(said).encode())
    places = [place for line in trials.matched(stream, COMPILED) for place in json.loads(line)["evidence"]]
    assert {place["words"] for place in places} == {"Iran", "OIL"}
    assert all(said[place["field"]][place["start"] : place["end"]] == place["words"] for place in places)


def test_hits_come_while_the_stream_is_still_open() -> None:
    class Endless(io.BytesIO):
        def readline(self, _size: int | None = -1, /) -> bytes:
            return b'{"id": "a", "title": "Iran"}\n'

    found = trials.matched(Endless(), COMPILED)
    assert [json.loads(str(next(found)))["rule"] for _ in range(3)] == ["iran"] * 3


# ── articles of a file ───────────────────────────────────────────────────────────────────────────────────────────────

LINE = '{"id": "n1", "title": "Iran"}\n'


@pytest.mark.parametrize(
    ("name", "body", "titles"),
    [
        ("a.txt", b"Iran\nIn Tehran", ["Iran"]),
        ("a.txt", LINE.encode(), [LINE.strip()]),
        ("a.jsonl", LINE.encode() * 2, ["Iran", "Iran"]),
        ("a.jsonl.gz", gzip.compress(LINE.encode() * 2), ["Iran", "Iran"]),
        ("a.txt.gz", gzip.compress(b"Iran\nIn Tehran", mtime=0), ["Iran"]),
        ("a.txt", b"Iran \xff", ["Iran \ufffd"]),
    ],
)
def test_a_file_is_a_text_or_lines_by_its_name(name: str, body: bytes, titles: list[str], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(body)
    found = [read for read in trials.articles(tmp_path / name) if isinstance(read, Article)]
    assert [read.title for read in found] == titles


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [("no.txt", None, "No such file"), ("a.jsonl.gz", b"no gzip", "Not a gzipped"), ("b.gz", b"\x1f\x8b\x08", "ended")],
)
def test_a_file_that_cannot_be_read_is_told(name: str, body: bytes | None, why: str, tmp_path: Path) -> None:
    if body is not None:
        (tmp_path / name).write_bytes(body)
    with pytest.raises(AlertsError, match=f"{name} cannot be read: .*{why}"):
        list(trials.articles(tmp_path / name))


# ── the cases that rules carry ───────────────────────────────────────────────────────────────────────────────────────

CASES = [
    ("a text that matches, as it must", Expect("Iran sells oil", True), {}, ""),
    ("a text that does not, as it must not", Expect("Rain", False), {}, ""),
    ("the first line is the title", Expect("Iran\nThe text", True), {"any": ("title:iran",)}, ""),
    ("and the rest is not", Expect("The title\nIran", False), {"any": ("title:iran",)}, ""),
    (
        "a text that must match and does not",
        Expect("Rain", True),
        {},
        'rule "one": "Rain" does not match: none of any: "iran" was found',
    ),
    (
        "a text that must not match and does",
        Expect("All of\nIRAN", False),
        {},
        'rule "one": "All of IRAN" matches: iran in the text as \'IRAN\'',
    ),
    ("a rule of one language is tried in that language", Expect("Iran", True), {"lang": ("fa", "ko")}, ""),
    ("a rule of one outlet is tried as its article", Expect("Iran", True), {"only_outlets": ("Yonhap",)}, ""),
]


@pytest.mark.parametrize(("why", "case", "other", "said"), CASES, ids=[case[0] for case in CASES])
def test_the_cases_of_a_rule(why: str, case: Expect, other: dict[str, tuple[str, ...]], said: str) -> None:
    rule = Rule("one", "One", **{"any": ("iran",), **other}, expect=(case,))  # type: ignore[arg-type]
    another = Rule("two", "Two", any=("rain", "iran"))
    told = [problem.message for problem in trials.failures(rules.compile([another, rule], {}))]
    assert told == ([said] if said else [])


def test_every_case_that_fails_is_told_and_a_long_text_is_cut() -> None:
    cases = (Expect("word " * 100, True), Expect("Iran", True), Expect("Iran", False))
    first, second = trials.failures(rules.compile([Rule("one", "One", any=("iran",), expect=cases)], {}))
    assert '… word" does not match' not in first.message
    assert len(first.message.partition('" does')[0]) < 140
    assert '"Iran" matches' in second.message


# ── where it stands ──────────────────────────────────────────────────────────────────────────────────────────────────

RULES = """\
rules:
  - id: one
    title: One
    any: [oil, tar*]
    expect:
      ignore: [Rain, "An oil field"]
      match:
        - Oil
        - |

          A long text
          and a second line
        - >-
          Folded
  - id: two
    title: Two
    match: >-
      (iran OR
      title:tar*) AND gas NEAR/20 oil
"""
LISTS = """\
watchlists:
  - {id: iran, aliases: [Iran, Persia*]}
  - id: other
    aliases:
      - "@iran"
      - Persian gulf
      - "Persian"
"""


def examined() -> config.Checked:
    files = [config.File("config/rules/a.yaml", RULES.encode()), config.File("config/watchlists.yaml", LISTS.encode())]
    return config.examine(files)


def test_a_case_that_fails_is_told_with_the_place_where_its_text_begins() -> None:
    found = examined()
    told = list(trials.failures(rules.compile(found.config.rules, {}), found.places))
    assert [(t.path, t.line, t.column, t.text.strip()) for t in told] == [
        ("config/rules/a.yaml", 11, 11, "A long text"),
        ("config/rules/a.yaml", 14, 11, "Folded"),
        ("config/rules/a.yaml", 6, 23, 'ignore: [Rain, "An oil field"]'),
    ]
    assert told[2].message == 'rule "one", expect ignore 2: "An oil field" matches: oil in the title as \'oil\''


def test_a_warning_is_told_with_the_place_of_the_term() -> None:
    found = examined()
    told = list(trials.warnings(found.config, found.places))
    assert [(t.path.rpartition("/")[2], t.line, t.column) for t in told] == [
        ("watchlists.yaml", 6, 9),
        ("a.yaml", 4, 16),
        ("a.yaml", 19, 13),
        ("a.yaml", 19, 27),
    ]
    assert told[1].message.startswith('warning: rule "one", any 2: tar* meets every word')
    assert told[1].message.endswith("(short prefix)")
    assert told[0].pointed.splitlines()[1:] == ["      - Persian gulf", "        ^"]


def test_a_term_that_is_common_is_told_where_it_stands_in_a_watchlist_inside_another() -> None:
    rule = b"rules:\n  - {id: one, title: One, any: ['@other', sold]}\n"
    files = [config.File("config/rules/a.yaml", rule), config.File("config/watchlists.yaml", LISTS.encode())]
    found = config.examine(files)
    archive = [lines.plain("Iran sold oil") for _ in range(100)]
    told = list(trials.common(found.config, found.places, archive))
    assert [(t.path.rpartition("/")[2], t.line, t.column) for t in told] == [
        ("watchlists.yaml", 2, 26),
        ("a.yaml", 2, 43),
    ]
