"""WebSub, the part of a subscriber: what a feed names, when a hub is asked, what is believed, and what is signed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import feeds
from alerts.feeds import websub
from alerts.model import FeedState, Fetched, Hints, HubState

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT, HUB, KEY = "https://site.example/feed", "https://hub.example/", "k" * 32
ENTRY = "<item><title>Oil</title></item>"
ATOM = 'xmlns:atom="http://www.w3.org/2005/Atom"'


def rss(head: str) -> str:
    return f"<rss version='2.0' {ATOM}><channel>{head}{ENTRY}</channel></rss>"


NAMED = [
    ("RSS", rss(f'<atom:link rel="hub" href="{HUB}"/><atom:link rel="self" href="{AT}/self"/>'), "", (HUB, f"{AT}/self")),
    ("Atom, single quotes", f"<feed xmlns='http://www.w3.org/2005/Atom'><link rel='hub' href='{HUB}?a=1&amp;b=2'/><entry><title>A</title></entry></feed>",
     "", (f"{HUB}?a=1&b=2", AT)),
    ("the headers go before the feed", rss('<atom:link rel="hub" href="https://other.example/"/>'), f'<{HUB}>; rel=hub, </me>; rel="self"', (HUB, "https://site.example/me")),
    ("the first of two hubs", rss(f'<atom:link rel="hub" href="{HUB}"/><atom:link rel="hub" href="https://b.example/"/>'), "", (HUB, AT)),
    ("JSON Feed", f'{{"version": "https://jsonfeed.org/version/1.1", "hubs": [{{"type": "WebSub", "url": "{HUB}"}}], "items": [{{"id": "1", "title": "Oil"}}]}}', "", (HUB, AT)),
    ("no hub", rss(f'<atom:link rel="self" href="{AT}/self"/>'), "", ("", "")),
    ("in an entry", f"<rss version='2.0' {ATOM}><channel><item><title>hub</title><atom:link rel='hub' href='{HUB}'/></item></channel></rss>", "", ("", "")),
    ("no address", rss('<atom:link rel="hub" href="javascript:x"/>'), "", ("", "")),
    ("a word in a title", rss("<title>hub</title>"), "", ("", "")),
]  # fmt: skip


@pytest.mark.parametrize(("why", "body", "header", "named"), NAMED, ids=[case[0] for case in NAMED])
def test_what_a_feed_names(why: str, body: str, header: str, named: tuple[str, str]) -> None:
    hints = feeds.parse(Fetched(200, body.encode(), url=AT, links=header)).hints
    assert (hints.hub, hints.topic) == named


# ── when a hub is asked ──────────────────────────────────────────────────────────────────────────────────────────────

STATE = FeedState("f", NOW + HOUR, last_poll=NOW, hints=Hints(hub=HUB, topic=AT))
NO_HUB = replace(STATE, hints=Hints())
ASKED = HubState("f", HUB, AT, "asked", NOW)
ACTIVE = replace(ASKED, lease="active", until=NOW + 8 * DAY)
LEAVING = replace(ACTIVE, lease="leaving")

WANTED = [
    ("a hub that was never asked", STATE, None, 0 * HOUR, "subscribe"),
    ("no hub", NO_HUB, None, 0 * HOUR, ""),
    ("just asked", STATE, ASKED, 59 * timedelta(minutes=1), ""),
    ("no answer for an hour", STATE, ASKED, HOUR, "subscribe"),
    ("no answer to the third time", STATE, replace(ASKED, tries=3), 3 * HOUR, ""),
    ("nor after four hours", STATE, replace(ASKED, tries=3), 4 * HOUR, "subscribe"),
    ("never more rarely than daily", STATE, replace(ASKED, tries=50), DAY, "subscribe"),
    ("the lease holds", STATE, ACTIVE, 5 * DAY, ""),
    ("a quarter of it is left", STATE, ACTIVE, 6 * DAY + HOUR, "subscribe"),
    ("it has ended", STATE, ACTIVE, 9 * DAY, "subscribe"),
    ("a short lease", STATE, replace(ACTIVE, until=NOW + 4 * HOUR), 3 * HOUR + HOUR / 60, "subscribe"),
    ("denied", STATE, replace(ASKED, lease="denied"), 2 * DAY, ""),
    ("denied long ago", STATE, replace(ASKED, lease="denied"), 10 * DAY, "subscribe"),
    ("the feed names another hub", replace(STATE, hints=Hints(hub="https://b.example/", topic=AT)), ACTIVE, HOUR, "subscribe"),
    ("the feed has another name there", replace(STATE, hints=Hints(hub=HUB, topic="https://b.example/")), ACTIVE, HOUR, "subscribe"),
    ("the feed names none any more", NO_HUB, ACTIVE, HOUR, "unsubscribe"),
    ("the feed is not polled any more", None, ACTIVE, HOUR, "unsubscribe"),
    ("the hub did not hear that we leave", None, LEAVING, HOUR, "unsubscribe"),
    ("it was told often enough", None, replace(LEAVING, tries=4), DAY, ""),
    ("without TLS", replace(STATE, hints=Hints(hub="http://hub.example/", topic=AT)), None, HOUR, ""),
    ("without TLS, our own", replace(STATE, hints=Hints(hub="http://our.example/", topic=AT)), None, HOUR, "subscribe"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "state", "known", "after", "mode"), WANTED, ids=[case[0] for case in WANTED])
def test_when_a_hub_is_asked(
    why: str, state: FeedState | None, known: HubState | None, after: timedelta, mode: str
) -> None:
    assert websub.wanted(state, known, NOW + after, allow_hosts=frozenset({"our.example"})) == mode


def test_a_renewal_does_not_end_what_holds() -> None:
    again = websub.asked("subscribe", STATE, ACTIVE, "f", NOW + 7 * DAY)
    assert (again.lease, again.until, again.tries) == ("active", ACTIVE.until, 2)
    assert websub.wanted(STATE, again, NOW + 7 * DAY + HOUR, allow_hosts=frozenset()) == ""


def test_the_form_and_what_it_is_made_of() -> None:
    said = parse_qs(websub.form("subscribe", ASKED, "https://me.example", KEY).decode())
    assert said == {
        "hub.mode": ["subscribe"],
        "hub.topic": [AT],
        "hub.callback": [f"https://me.example{websub.path(ASKED, KEY)}"],
        "hub.lease_seconds": ["864000"],
        "hub.secret": [websub.secret(ASKED, KEY)],
    }
    assert len(websub.secret(ASKED, KEY)) == 64
    other = replace(ASKED, topic=f"{AT}2")
    assert websub.path(other, KEY) != websub.path(ASKED, KEY) != websub.path(ASKED, "x" * 32)
    assert "hub.secret" not in parse_qs(websub.form("unsubscribe", ASKED, "https://me.example", KEY).decode())


# ── what is believed ─────────────────────────────────────────────────────────────────────────────────────────────────

MEANT = {"hub.mode": "subscribe", "hub.topic": AT, "hub.challenge": "c", "hub.lease_seconds": "3600"}
ANSWERED = [
    ("as we asked", MEANT, ASKED, "c", "active", HOUR),
    ("a renewal", MEANT, ACTIVE, "c", "active", HOUR),
    ("more than a month", {**MEANT, "hub.lease_seconds": "9" * 18}, ASKED, "c", "active", 30 * DAY),
    ("no lease", {k: v for k, v in MEANT.items() if k != "hub.lease_seconds"}, ASKED, "c", "active", 10 * DAY),
    ("another topic", {**MEANT, "hub.topic": "https://evil.example/"}, ASKED, None, "asked", None),
    ("no topic", {"hub.mode": "subscribe", "hub.challenge": "c"}, ASKED, None, "asked", None),
    ("no challenge", {**MEANT, "hub.challenge": ""}, ASKED, None, "asked", None),
    ("a challenge that is a book", {**MEANT, "hub.challenge": "c" * 3_000}, ASKED, None, "asked", None),
    ("a lease of nothing", {**MEANT, "hub.lease_seconds": "0"}, ASKED, None, "asked", None),
    ("a lease that is no number", {**MEANT, "hub.lease_seconds": "-5"}, ASKED, None, "asked", None),
    ("an unknown mode", {**MEANT, "hub.mode": "publish"}, ASKED, None, "asked", None),
    ("nothing", {}, ASKED, None, "asked", None),
    ("leaving, as we asked", {**MEANT, "hub.mode": "unsubscribe"}, LEAVING, "c", "leaving", None),
    ("leaving, and we did not ask", {**MEANT, "hub.mode": "unsubscribe"}, ACTIVE, None, "active", 8 * DAY),
    ("subscribing while we leave", MEANT, LEAVING, None, "leaving", 8 * DAY),
    ("denied", {"hub.mode": "denied", "hub.topic": AT, "hub.reason": "no"}, ASKED, "", "denied", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("why", "said", "known", "reply", "lease", "left"), ANSWERED, ids=[case[0] for case in ANSWERED]
)
def test_what_a_hub_is_answered(
    why: str, said: dict[str, str], known: HubState, reply: str | None, lease: str, left: timedelta | None
) -> None:
    challenge, after = websub.answered(said, known, NOW)
    assert (challenge, after.lease, after.until) == (reply, lease, NOW + left if left else None)


def digest(name: str, body: bytes = b"body", secret: str = "secret") -> str:
    return hmac.new(secret.encode(), body, getattr(hashlib, name)).hexdigest()


SIGNED = [
    *((name, f"{name}={digest(name)}", True) for name in websub.ALGORITHMS),
    ("capitals", f"SHA256={digest('sha256').upper()}", True),
    ("another secret", f"sha256={digest('sha256', secret='other')}", False),
    ("another body", f"sha256={digest('sha256', b'x')}", False),
    ("another algorithm", f"sha512={digest('sha256')}", False),
    ("md5", f"md5={digest('md5')}", False),
    ("cut short", f"sha256={digest('sha256')[:-1]}", False),
    ("empty", "sha256=", False),
    ("nothing", "", False),
    ("no name", digest("sha256"), False),
    ("no letters", "sha256=\udcff", False),
]


@pytest.mark.parametrize(("why", "header", "good"), SIGNED, ids=[case[0] for case in SIGNED])
def test_what_is_signed(why: str, header: str, good: bool) -> None:
    assert websub.is_signed(header, b"body", "secret") is good


@given(st.binary(max_size=64), st.sampled_from(websub.ALGORITHMS), st.integers(0, 10_000))
def test_one_letter_less_or_another_is_never_signed(body: bytes, name: str, at: int) -> None:
    good = digest(name, body)
    assert websub.is_signed(f"{name}={good}", body, "secret")
    at %= len(good)
    bad = good[:at] + ("0" if good[at] != "0" else "1") + good[at + 1 :]
    assert not websub.is_signed(f"{name}={bad}", body, "secret")


# ── polling goes on ──────────────────────────────────────────────────────────────────────────────────────────────────

RESTS = [
    ("told by its hub", STATE, ACTIVE, 3 * HOUR, True),
    ("at four times its interval it is asked all the same", STATE, ACTIVE, 4 * HOUR, False),
    ("at least daily", replace(STATE, next_poll=NOW + DAY), ACTIVE, DAY, False),
    ("not granted yet", STATE, ASKED, HOUR, False),
    ("the lease has ended", STATE, replace(ACTIVE, until=NOW + HOUR), 2 * HOUR, False),
    ("it failed when it was asked", replace(STATE, failures=1), ACTIVE, HOUR, False),
    ("it is another feed there now", replace(STATE, hints=Hints(hub=HUB, topic="https://b.example/")), ACTIVE, HOUR, False),
    ("no subscription", STATE, None, HOUR, False),
    ("never polled", None, ACTIVE, HOUR, False),
]  # fmt: skip


@pytest.mark.parametrize(("why", "state", "known", "after", "rests"), RESTS, ids=[case[0] for case in RESTS])
def test_when_a_feed_need_not_be_polled(
    why: str, state: FeedState | None, known: HubState | None, after: timedelta, rests: bool
) -> None:
    assert websub.rests(state, known, NOW + after) is rests
