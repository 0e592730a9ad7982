"""The command line, as a person types it: what it prints, and with which code it ends."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from alerts import app as app_
from alerts import cli, pauses
from alerts.adapters import sql
from alerts.model import Paused
from tests.shop import CHANNELS, Shop, open_shop, rss
from tests.test_app import FIRST, SECOND


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        opened.serves("wire", rss(FIRST, SECOND))
        yield opened


def alerts(shop: Shop, *words: str, code: int = 0, given: bytes = b"") -> str:
    """Run the command in the shop; what it prints, of both kinds."""
    return "".join(told(shop, *words, code=code, given=given))


def told(shop: Shop, *words: str, code: int = 0, given: bytes = b"") -> tuple[str, str]:
    """Run the command in the shop with something to read; what it prints, and what it says on the error output."""
    done = subprocess.run(
        [sys.executable, "-m", "alerts", *words],
        env=environ(shop),
        cwd=shop.folder,
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
    )
    printed, said = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, printed + said
    assert "Traceback" not in said
    return printed, said


def here(shop: Shop, *words: str) -> str:
    """Run the command in this process, which is sooner done; what it prints, or what it says against it."""
    done = CliRunner().invoke(cli.cli, words, env=environ(shop))
    return f"{done.output}{'' if isinstance(done.exception, SystemExit) else done.exception or ''}"


def environ(shop: Shop) -> dict[str, str]:
    """The environment of the command: that of the shop, without settings of this machine."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ALERTS_")}
    return {**kept, **shop.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def test_run_prints_what_was_done_and_where_to_read_it(shop: Shop) -> None:
    said = alerts(shop, "run", "--digest-now")

    assert "collected     2 new articles; 1 feed polled: 1 answered" in said
    assert "matched       2 of 2" in said
    assert "slack: 2 delivered to the local inbox: ALERTS_SLACK is not set" in said
    for line in said.splitlines():
        if ": var/inbox/" in line:
            assert (shop.folder / line.rpartition(": ")[2]).is_file()
    assert said.count(": var/inbox/") == 4  # the digest's .eml, .html and .txt, and one alert


def test_a_dry_run_prints_what_would_go_out_and_keeps_nothing(shop: Shop) -> None:
    said = alerts(shop, "run", "--dry-run")

    assert FIRST[0] in said
    assert "digest:morning:" in said
    assert not (shop.folder / "var").exists()


def test_check_is_content_with_what_is_sound(shop: Shop) -> None:
    assert "sound: 1 feeds, 1 watchlists, 2 rules, 2 subscriptions, 2 channels" in alerts(shop, "check")


def test_check_prints_every_mistake_of_every_file_with_its_place(shop: Shop) -> None:
    shop.write("rules/iran.yaml", "rules:\n  - id: iran\n    title: Iran\n    any: ['@irn']\n    any: [x]\n")
    shop.write("channels.yaml", "channels:\n  - {id: slack, kind: slak}\n  - {id: mail, kind: mail}\n")
    shop.write(
        "subscriptions.yaml", "subscriptions:\n  - {id: a, title: A, rules: [tarifs], channel: slack, when: instant}\n"
    )
    said = alerts(shop, "check", code=2)

    assert "config/rules/iran.yaml:5:5:" in said
    assert "config/channels.yaml:2:23:" in said
    assert "config/subscriptions.yaml:2:" in said
    assert "tariffs" in said  # the nearest name
    assert "problems" in said


def test_a_folder_that_is_not_there_is_a_mistake_of_the_configuration(shop: Shop) -> None:
    assert "there is no such folder" in alerts(shop, "check", "--config", "elsewhere", code=2)


def test_run_goes_on_with_a_broken_file_and_says_so(shop: Shop) -> None:
    alerts(shop, "run")
    shop.write("rules/iran.yaml", "rules: [")
    said = alerts(shop, "run")

    assert "config/rules/iran.yaml:1:" in said
    assert "its last good version is in force" in said


def test_explain_feeds_deliveries_and_report(shop: Shop) -> None:
    alerts(shop, "run")

    assert "rule iran met" in alerts(shop, "explain", FIRST[1])
    assert "healthy" in alerts(shop, "feeds")
    assert "alert:desk:" in alerts(shop, "deliveries", "--limit", "5")
    assert "collected     2 new articles" in alerts(shop, "report")
    assert "2 articles are in the index" in alerts(shop, "rebuild-index")


def test_a_delivery_is_shown_redriven_and_its_channel_resumed_without_an_address(shop: Shop) -> None:
    """A receiver that is gone: the delivery waits, the operator resumes, and the inbox takes it under the same id."""
    shop.write("channels.yaml", CHANNELS + "operator: {channel: mail, to: [ops@example.org]}\n")
    away = {"ALERTS_SLACK": f"{shop.url}/services/none"}
    with_slack = replace(shop, extra=away)
    said = here(with_slack, "run", "--digest-now")
    assert 'channel "slack": disabled: 404' in said
    assert "disabled" in here(shop, "channels")
    listed = here(shop, "deliveries", "--state", "open", "--channel", "slack").split()
    id_ = [word for word in listed if word.startswith("alert:")][-1]  # the oldest, which was tried

    shown = here(shop, "deliveries", "show", id_)
    for words in ("attempt 1: deferred: 404", "met iran (about)", "new story", "channel       disabled"):
        assert words in shown
    assert "no delivery begins so" in here(shop, "deliveries", "show", "ghost")

    with app_.open_sql(shop.environ.get) as engine:
        pauses.pause(sql.SqlTable(engine, "paused", Paused), "channel", "slack", author="anna", now=app_.utc())
    assert "paused by anna" in here(shop, "channels")
    assert "failing" in here(shop, "deliveries", "resume", "slack")
    assert "paused by anna" not in here(shop, "channels")
    assert "3 delivered" in here(shop, "run")
    assert here(shop, "deliveries", "--channel", "slack").count("delivered") >= 2
    assert "0 deliveries will be sent again" in here(shop, "deliveries", "redrive", id_)
    assert "name ids, or a --state" in here(shop, "deliveries", "redrive")
    assert "is no state" in here(shop, "deliveries", "--state", "lost")
    assert 'there is no channel "fax"' in here(shop, "deliveries", "resume", "fax")

    everything = here(shop, "deliveries", "--limit", "50", "--since", "1h")
    assert "notice:slack:disabled:" in everything
    assert "a…@e….org" in everything
    assert "example.org" not in everything


def test_explain_shows_the_versions_of_an_article_and_what_was_edited(shop: Shop) -> None:
    """Two articles in one store: their versions are not mixed up."""
    alerts(shop, "run")
    time.sleep(1)  # the feed is asked once a second
    shop.serves("wire", rss((f"{FIRST[0]}, again", FIRST[1], f"{FIRST[2]} More follows."), SECOND))
    alerts(shop, "run")
    said = alerts(shop, "explain", FIRST[1]).splitlines()

    versions = [line for line in said if line.startswith("a-")]
    assert len({line.split("@")[0] for line in versions}) == 1
    assert [line.partition("  ")[2] for line in versions] == [FIRST[0], f"{FIRST[0]}, again"]
    assert f"  a new version of {versions[0].split()[0]}, seen" in "\n".join(said)
    assert f'  the title was: "{FIRST[0]}"' in said
    (text,) = [line for line in said if line.startswith("  the text was: ")]
    assert text.endswith('More follows."')


# ── rules, tried ─────────────────────────────────────────────────────────────────────────────────────────────────────

CASES = """\
rules:
  - id: iran
    title: Iran
    any: ["@iran"]
    expect:
      match: ["Iran's president speaks", "Rain in Oslo"]
      ignore: ["The weather", "Tehran floods"]
"""


def test_check_tries_the_cases_of_the_rules_and_names_those_that_fail(shop: Shop) -> None:
    shop.write("rules/iran.yaml", CASES)
    said = alerts(shop, "check", code=1)

    assert 'iran.yaml:6:43: rule "iran", expect match 2: "Rain in Oslo" does not match: none of any: "@iran"' in said
    assert 'rule "iran", expect ignore 2: "Tehran floods" matches: @iran in the title as \'Tehran\'' in said
    assert f"{' ' * 31}^" in said.splitlines()
    assert "2 expect cases failed" in said
    assert "sound" not in said


def test_check_says_how_many_cases_hold(shop: Shop) -> None:
    shop.write("rules/iran.yaml", CASES.replace(', "Rain in Oslo"', "").replace(', "Tehran floods"', ""))
    assert "2 expect cases of the rules tried: all hold" in alerts(shop, "check")


def test_check_shows_the_line_with_a_caret_under_what_is_wrong(shop: Shop) -> None:
    shop.write("rules/iran.yaml", "rules:\n  - id: iran\n    title: Iran\n    any: [iran, '@irn']\n")
    said = alerts(shop, "check", code=2).splitlines()

    at = next(n for n, line in enumerate(said) if line.startswith("config/rules/iran.yaml:4:17:"))
    assert said[at + 1 : at + 3] == ["    any: [iran, '@irn']", " " * 16 + "^"]


def test_check_warns_of_what_looks_wrong_and_is_none(shop: Shop) -> None:
    shop.write("watchlists.yaml", "watchlists:\n  - {id: iran, aliases: [Iran*, Iranian oil]}\n")
    printed, said = told(shop, "check")

    assert said.startswith('config/watchlists.yaml:2:33: warning: watchlist "iran", aliases 2: ')
    assert said.splitlines()[0].endswith("(redundant)")
    assert said.splitlines()[2] == " " * 32 + "^"
    assert "sound" in printed


def test_check_warns_of_terms_that_meet_too_much_of_an_archive(shop: Shop) -> None:
    rows = [{"id": f"n{n}", "title": "Tarif" if n < 90 else "Iran"} for n in range(100)]
    (shop.folder / "old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "no line\n")
    printed, said = told(shop, "check", "--archive", "old.jsonl")

    assert "old.jsonl: 100 articles read" in printed
    assert "line 101: not JSON" in said
    assert 'warning: rule "tariffs", any 1: tarif* meets 90 of 100 articles' in said
    assert 'watchlist "iran"' in said
    assert "Tehran meets" not in said
    assert "cannot be read" in alerts(shop, "check", "--archive", "no.jsonl", code=1)


LINES = b"""\
{"id": "a", "title": "Tehran and the tariff", "text": "Iran says no."}
{"id": "b", "title": "Rain"}
no line
{"id": 7, "title": "\xec\x9d\xb4\xeb\x9e\x80\xec\x9d\x80"}
{"title": "Iran"}
"""


def test_match_is_a_filter_and_says_on_the_error_output_what_it_could_not_read(shop: Shop) -> None:
    printed, said = told(shop, "match", code=1, given=LINES)

    hits = [json.loads(line) for line in printed.splitlines()]
    assert [(hit["id"], hit["rule"], hit["strength"]) for hit in hits] == [
        ("a", "iran", "about"),
        ("a", "tariffs", "about"),
        (7, "iran", "about"),
    ]
    assert hits[2]["evidence"] == [{"term": "@iran", "field": "title", "start": 0, "end": 2, "words": "이란"}]
    assert said.splitlines() == [
        "line 3: not JSON: Expecting value at character 1",
        'line 5: no "id"; give each article a name of its own',
    ]
    assert not (shop.folder / "var").exists()


def test_match_takes_the_rules_of_a_folder_and_is_content_with_good_lines(shop: Shop) -> None:
    shop.write("feeds.yaml", "this is wrong, and of no concern")
    for folder in ("config", "config/rules"):
        printed, said = told(shop, "match", "--rules", folder, given=LINES.splitlines()[0])
        assert [json.loads(line)["rule"] for line in printed.splitlines()] == ["iran", "tariffs"]
        assert said == ""


def test_match_refuses_wrong_rules_with_all_their_mistakes_and_reads_nothing(shop: Shop) -> None:
    shop.write("rules/iran.yaml", "rules:\n  - {id: iran, title: Iran, any: ['@irn'], al: [x]}\n")
    shop.write("rules/tariffs.yaml", "rules: [")
    printed, said = told(shop, "match", code=2, given=LINES)

    assert printed == ""
    assert said.count("config/rules/iran.yaml:2:") == 2
    assert "config/rules/tariffs.yaml:1:" in said
    assert "3 problems" in said


def test_match_tells_each_hit_while_its_input_is_open_and_ends_quietly_when_nobody_reads(shop: Shop) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "alerts", "match"],
        env=environ(shop),
        cwd=shop.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdin
        assert running.stdout
        assert running.stderr
        running.stdin.write(LINES.splitlines(keepends=True)[0])
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["rule"] == "iran"
        running.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            running.stdin.write(LINES.splitlines(keepends=True)[0] * 10_000)
            running.stdin.close()
        assert running.stderr.read() == b""
        assert running.wait(30) == 0


TEXT = "Tehran floods\nRain fell for a week in Iran."


def test_explain_holds_a_text_against_every_rule_and_opens_no_store(shop: Shop) -> None:
    (shop.folder / "a.txt").write_text(TEXT)
    shown = [
        alerts(shop, "explain", "--text", TEXT),
        alerts(shop, "explain", "--file", "a.txt"),
        alerts(shop, "explain", "-", given=TEXT.encode()),
    ]

    assert shown[0].splitlines()[:2] == ["Tehran floods", "  rule iran met: about"]
    assert "    @iran in the text: Rain fell for a week in **Iran**." in shown[0]
    assert '  rule tariffs not met: none of any: "tarif*"' in shown[0]
    assert shown[0] == shown[1] == shown[2]
    assert not (shop.folder / "var").exists()


def test_explain_takes_the_lines_of_a_file_and_of_its_input(shop: Shop) -> None:
    (shop.folder / "a.jsonl").write_bytes(LINES)
    (shop.folder / "a.jsonl.gz").write_bytes(gzip.compress(LINES))
    shown = [
        told(shop, "explain", "--file", "a.jsonl", code=1),
        told(shop, "explain", "--file", "a.jsonl.gz", code=1),
        told(shop, "explain", "-", code=1, given=LINES),
    ]

    assert [line for line in shown[0][0].splitlines() if line[0] != " "] == ["Tehran and the tariff", "Rain", "이란은"]
    assert "line 3: not JSON" in shown[0][1]
    assert shown[0] == shown[1] == shown[2]


ASKED = [
    ("nothing", []),
    ("two things at once", ["a-1", "--text", "x"]),
    ("a text and a file", ["--text", "x", "--file", "y"]),
]


@pytest.mark.parametrize(("why", "words"), ASKED, ids=[case[0] for case in ASKED])
def test_explain_is_asked_for_one_thing(shop: Shop, why: str, words: list[str]) -> None:
    assert "name one of" in alerts(shop, "explain", *words, code=2)


def test_explain_of_a_file_that_is_not_there_says_so(shop: Shop) -> None:
    assert "alerts: no.txt cannot be read: No such file" in alerts(shop, "explain", "--file", "no.txt", code=1)


def test_a_digest_asks_for_what_is_about_its_rules_and_explain_says_so(shop: Shop) -> None:
    mention = ("Floods in Oslo", "https://wire.example/9", "Rain fell on and on. " * 30 + "Iran sent help.")
    shop.serves("wire", rss(mention))
    said = alerts(shop, "run", "--digest-now")
    why = alerts(shop, "explain", mention[1])

    assert "composed      0 digests, 1 alert" in said
    assert "rule iran met (rules" in why
    assert "): mention" in why
    assert "not told to morning: it asks for what is about its rules (strength: about), and this is a mention" in why
    assert "delivery alert:desk:" in why


def test_routes_test_walks_through_every_subscription(shop: Shop) -> None:
    said = alerts(shop, "routes", "test", "--text", "Iran cuts internet as forces fire on protesters")
    assert "  meets iran (about)" in said
    assert "  told to desk: at once, because of iran" in said
    assert "  told to morning: in the digest of " in said
    assert "meets no rule" in alerts(shop, "routes", "test", "-", given=b"Rain in Oslo")
    assert "was seen; give its words" in alerts(shop, "routes", "test", "https://x.example/", code=1)
    assert "name one of" in alerts(shop, "routes", "test", code=2)


def test_a_silence_is_made_shown_obeyed_explained_and_ended(shop: Shop) -> None:
    words = ("--until", "4h", "--reason", "we are on it", "--author", "anna")
    made = alerts(shop, "silences", "add", "--subscription", "desk", *words)
    name = made.split()[1]
    assert f"{name}  subscription desk" in " ".join(alerts(shop, "silences").split()).replace(name, f"{name} ", 1)
    assert "composed      0 digests, 0 alerts" in alerts(shop, "run")
    assert "not told to desk: silenced until" in alerts(shop, "explain", FIRST[1])
    assert "not told to desk: silenced until" in alerts(shop, "routes", "test", FIRST[1])

    assert "has ended" in alerts(shop, "silences", "expire", name)
    assert "ended at" in alerts(shop, "silences", "expire", name, code=1)
    assert name not in alerts(shop, "silences")
    assert name in alerts(shop, "silences", "--all")


SILENCED = [
    ("of nothing", ["--until", "4h", "--reason", "x"], 2, "name what is silenced"),
    ("without an end", ["--rule", "iran", "--reason", "x"], 2, "a silence needs --until"),
    ("without a reason", ["--rule", "iran", "--until", "4h"], 2, "a silence needs --until"),
    ("for ever", ["--rule", "iran", "--reason", "x", "--until", "2999-01-01T00:00:00Z"], 2, "within a year"),
    ("of a rule that is not there", ["--rule", "irn", "--reason", "x", "--until", "4h"], 1, "there is no rule irn"),
]


@pytest.mark.parametrize(("why", "words", "code", "said"), SILENCED, ids=[case[0] for case in SILENCED])
def test_a_silence_that_would_hold_nothing_is_refused(
    shop: Shop, why: str, words: list[str], code: int, said: str
) -> None:
    assert said in alerts(shop, "silences", "add", *words, code=code)


def test_discover_finds_a_feed_and_says_what_it_is(shop: Shop) -> None:
    shop.serves("home", b'<html><link rel="alternate" type="application/rss+xml" href="/wire"></html>')

    assert f'{shop.url}/wire\n  RSS "x": 2 entries' in alerts(shop, "feeds", "discover", f"{shop.url}/home")


def test_discover_ends_with_1_where_no_feed_is(shop: Shop) -> None:
    shop.serves("home", b"<html></html>")

    assert "no feed was found at http" in alerts(shop, "feeds", "discover", f"{shop.url}/home", code=1)
    assert "404 Not Found" in alerts(shop, "feeds", "discover", f"{shop.url}/nowhere", code=1)
    assert "begins with https:// or http://" in alerts(shop, "feeds", "discover", "file:///etc/passwd", code=2)


OPML = b"""<opml version="1.0"><body><outline text="World">
<outline text="New" xmlUrl="https://new.example/"/>
<outline text="Bad" xmlUrl="file:///x"/></outline></body></opml>"""


def test_feeds_are_imported_and_exported(shop: Shop) -> None:
    (shop.folder / "a.opml").write_bytes(OPML)
    before = (shop.config / "feeds.yaml").read_text()
    printed, said = told(shop, "feeds", "import", "a.opml")

    assert printed == '  - {id: new, url: "https://new.example/", outlet: "New"}\n'
    assert 'a.opml:3:1: the address of "Bad" is no http(s) address' in said
    assert "folders are not kept: World" in said
    assert (shop.config / "feeds.yaml").read_text() == before
    assert "feeds.yaml: 1 feed added" in alerts(shop, "feeds", "import", "a.opml", "--write")
    assert (shop.config / "feeds.yaml").read_text() == before + printed
    assert "no new feed is in a.opml" in alerts(shop, "feeds", "import", "a.opml", code=1)
    assert "none.opml cannot be read: No such file" in alerts(shop, "feeds", "import", "none.opml", code=1)
    assert 'xmlUrl="https://new.example/"' in alerts(shop, "feeds", "export")


def test_follow_goes_with_no_other_way_to_run(shop: Shop) -> None:
    assert "--follow goes with none of" in alerts(shop, "run", "--follow", "--every", "5m", code=2)


@pytest.mark.parametrize(("token", "said"), [("", "is not set; set it"), ("short", "at least 20 letters")])
def test_serve_does_not_start_without_a_token(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, token: str, said: str
) -> None:
    monkeypatch.setattr(Shop, "environ", property(lambda self: {"ALERTS_PUSH_TOKEN": token}))
    assert "alerts: ALERTS_PUSH_TOKEN " in alerts(shop, "serve", code=1)
    assert said in alerts(shop, "serve", code=1)
    assert not (shop.folder / "var").exists()


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_explain_of_what_was_never_seen_ends_with_1(shop: Shop) -> None:
    assert "no article https://x.example/ was seen" in alerts(shop, "explain", "https://x.example/", code=1)


def test_a_database_of_another_program_is_refused(shop: Shop) -> None:
    shop.environ  # noqa: B018
    (shop.folder / "var").mkdir()
    (shop.folder / "var" / "alerts.db").write_bytes(b"this is no database" * 100)

    assert alerts(shop, "feeds", code=1).startswith("alerts: ")


def test_with_services_gives_a_command_a_redis(shop: Shop) -> None:
    code = "import os, redis, json; print(json.dumps(redis.Redis.from_url(os.environ['ALERTS_REDIS']).ping()))"

    assert json.loads(alerts(shop, "with-services", "--", sys.executable, "-c", code)) is True
    alerts(shop, "with-services", "--", sys.executable, "-c", "raise SystemExit(7)", code=7)


DURATIONS = [
    ("90s", timedelta(seconds=90)),
    ("5m", timedelta(minutes=5)),
    ("2h", timedelta(hours=2)),
    ("1d", timedelta(days=1)),
]


@pytest.mark.parametrize(("written", "meant"), DURATIONS)
def test_durations(written: str, meant: timedelta) -> None:
    assert cli.duration(written) == meant


@pytest.mark.parametrize("written", ["5", "m", "-5m", "5 minutes", "", "5m5m"])
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter, match="write a number and s, m, h or d"):
        cli.duration(written)
