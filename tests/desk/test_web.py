"""The desk: who sees it, what it shows, and what a browser lets it do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from alerts.adapters import sql
from alerts.adapters.sql import queries
from alerts.desk import Caller, Desk, alone, app, pages
from alerts.model import ChannelState, Development, Paused, Silence
from alerts.tokens import FOREVER
from tests.contract.values import TestClock, development
from tests.desk.conftest import TOKEN, fill
from tests.desk.visitor import Visitor

READERS = {f"/{page}/{{token}}" for page in ("confirm", "manage", "unsubscribe")} | {"/subscribe"}
FEED = "/feed/{token}.{form}"
READ = "/read/{name}/{token}"
PUBLIC = {
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", FEED),
    ("GET", READ),
    ("GET", f"{READ}/message"),
    *((m, path) for m in ("GET", "POST") for path in READERS),
}
"""What anybody may call; every other route is behind the login."""


def test_every_route_but_the_public_ones_is_closed_to_strangers(made: FastAPI, stranger: Visitor) -> None:
    found = [(m, r.path) for r in made.routes if isinstance(r, APIRoute) for m in r.methods]
    closed = [route for route in found if route not in PUBLIC]
    assert len(closed) >= 9
    for method, path in closed:
        answer = stranger.ask(method, path.replace("{name}", "digest:anna:1"))
        assert answer.status_code == 401, path
        assert "anna" not in answer.text


def test_there_is_no_page_that_documents_the_routes_to_anybody(stranger: Visitor) -> None:
    assert {stranger.get(path).status_code for path in ("/docs", "/openapi.json", "/redoc")} == {404}


def test_a_token_opens_a_session_that_no_page_can_read(made: FastAPI, stranger: Visitor) -> None:
    answer = stranger.post("/login", data={"token": TOKEN})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("shown", ["", "wrong", TOKEN[:-1], TOKEN + "x", "Bearer " + TOKEN])
def test_a_wrong_token_opens_nothing(stranger: Visitor, shown: str) -> None:
    answer = stranger.post("/login", data={"token": shown})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "that is not the token" in answer.text


def test_tokens_cannot_be_tried_for_long(stranger: Visitor) -> None:
    assert [stranger.post("/login", data={"token": "x"}).status_code for _ in range(12)].count(429) == 2


def test_a_session_ends(reader: Visitor, clock: TestClock) -> None:
    clock.move(alone.LASTS - timedelta(seconds=1))
    assert reader.get("/").status_code == 200
    clock.move(timedelta(seconds=2))
    assert reader.get("/").status_code == 401


def test_another_token_in_the_settings_ends_every_session(desk: Desk, reader: Visitor) -> None:
    reader.app = alone.desk(lambda: desk, ("another-token-of-this-desk",))
    assert reader.get("/").status_code == 401


def test_a_cookie_of_another_purpose_is_no_session(desk: Desk, stranger: Visitor) -> None:
    name = desk.signer.mark("session", TOKEN)
    for purpose in ("manage", "confirm", "unsubscribe", "feed", "read"):
        token = desk.signer.sign(purpose, name, desk.clock() + timedelta(hours=1))
        stranger.cookies.set(alone.COOKIE, token, domain="desk.example")
        assert stranger.get("/").status_code == 401


def test_who_leaves_is_a_stranger_again(reader: Visitor) -> None:
    assert reader.post("/logout").status_code == 303
    assert reader.get("/").status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://desk.example"}, 303),
        ({}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://desk.example"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://desk.example.evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_form_counts_only_if_it_stood_on_a_page_of_ours(
    reader: Visitor, headers: dict[str, str], status: int
) -> None:
    assert reader.post("/logout", headers=headers).status_code == status


def test_a_form_that_is_large_is_refused(stranger: Visitor) -> None:
    assert stranger.post("/login", data={"token": "x" * 20_000}).status_code == 413


def test_a_program_shows_the_token_in_a_header(made: FastAPI, desk: Desk) -> None:
    fill(desk)
    program = Visitor(made, accept="", Authorization=f"Bearer {TOKEN}")
    (one,) = program.get("/api/developments").json()
    assert (one["title"], one["rules"], one["severity"]) == ("Tariff", ["Tariffs"], "routine")
    assert one["reason"] == "new facts: 25%"
    assert [other["outlet"] for other in one["also_in"]] == ["Korea Herald", "Other"]
    feeds = program.get("/api/feeds").json()
    assert (feeds[0]["id"], feeds[0]["health"], feeds[0]["why"]) == ("ofac", "failing", "503")
    assert len(feeds) == len(desk.config.feeds)
    rules = {rule["id"]: (rule["day"], rule["week"]) for rule in program.get("/api/rules").json()}
    assert rules["iran"] == (2, 3)
    assert rules["china"] == (0, 0)
    kept = {d["id"]: d for d in program.get("/api/deliveries").json()}
    assert (kept["digest:anna:1"]["state"], kept["digest:anna:1"]["to"]) == ("refused", "a…@e….com")
    assert [d["id"] for d in program.get("/api/deliveries?state=open").json()] == ["alert:desk:2"]
    (receipt,) = program.get("/api/deliveries/digest:anna:1").json()["receipts"]
    assert receipt["reason"] == "550 no"
    channels = {c["id"]: c for c in program.get("/api/channels").json()}
    assert (channels["mail"]["refused"], channels["mail"]["open"], channels["mail"]["connected"]) == (1, 1, False)
    assert "not set here" in program.get("/").text, "where a channel goes is told only as far as the desk knows"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/deliveries/none", 404), ("/api/deliveries?limit=0", 422), ("/api/deliveries?limit=501", 422),
     ("/api/deliveries?state=%3Cb%3E", 422), ("/api/none", 404)],
)  # fmt: skip
def test_what_is_wrong_is_said_without_what_was_written(made: FastAPI, path: str, status: int) -> None:
    answer = Visitor(made, accept="", Authorization=f"Bearer {TOKEN}").get(path)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert "<b>" not in answer.text


def test_a_page_may_do_nothing_but_show_itself(reader: Visitor, desk: Desk) -> None:
    fill(desk)
    for path in ("/", "/deliveries/digest:anna:1", "/none"):
        answer = reader.get(path)
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["style-src"] == f"'{pages.STYLE_HASH}'"
        assert "script-src" not in policy
        assert pages.STYLE in answer.text
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "same-origin")
        assert not re.search(r"(src|href)=\"(https?:)?//(?!example.com)", answer.text)


def test_a_stored_message_is_shown_as_it_was_sent_and_can_do_nothing(reader: Visitor, desk: Desk) -> None:
    fill(desk, html='<html><head></head><body style="color:red"><script>alert(1)</script>told</body></html>')
    page = reader.get("/deliveries/digest:anna:1")
    assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    assert 'src="../deliveries/digest%3Aanna%3A1/message"' in page.text
    shown = reader.get("/deliveries/digest:anna:1/message")
    assert shown.text == (
        '<html><head><base target="_blank"></head><body style="color:red"><script>alert(1)</script>told</body></html>'
    )
    assert shown.headers["content-security-policy"].startswith("sandbox allow-popups")
    assert "allow-scripts" not in shown.headers["content-security-policy"]
    assert reader.get("/deliveries/alert:desk:2/message").status_code == 404
    assert "t " in reader.get("/deliveries/alert:desk:2").text


def test_a_deleted_rule_does_not_break_the_page(reader: Visitor, desk: Desk, settings: dict[str, str]) -> None:
    fill(desk)
    assert ">Tariffs" in reader.get("/").text
    for path in (Path(settings["ALERTS_CONFIG"]) / "rules").glob("t*.yaml"):
        path.write_text("rules: []")
    desk.clock.move(timedelta(minutes=2))  # type: ignore[attr-defined]
    assert reader.get("/").status_code == 200


def test_a_broken_file_leaves_the_configuration_that_was(desk: Desk, settings: dict[str, str]) -> None:
    before = desk.config
    for path in Path(settings["ALERTS_CONFIG"]).rglob("*.yaml"):
        path.write_text("rules: [")
    desk.clock.move(timedelta(minutes=2))  # type: ignore[attr-defined]
    assert desk.config.rules == before.rules


# ── acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_delivery_that_was_refused_is_sent_again_under_its_id(reader: Visitor, desk: Desk) -> None:
    fill(desk)
    assert "Send again" in reader.get("/deliveries/digest:anna:1").text
    assert reader.post("/deliveries/digest:anna:1/redrive").headers["location"] == "../digest%3Aanna%3A1"
    assert queries.find_delivery(desk.engine, "digest:anna:1").state == "open"  # type: ignore[union-attr]
    assert "Send again" not in reader.get("/deliveries/digest:anna:1").text
    assert reader.post("/deliveries/none/redrive").status_code == 404


def test_a_channel_that_is_paused_is_resumed(reader: Visitor, desk: Desk) -> None:
    states = sql.SqlTable(desk.engine, "channels", ChannelState)
    paused = ChannelState("mail", "paused", desk.clock(), reason="535 <b>no</b>", next_probe=desk.clock())
    states.put({"mail": paused}, at=desk.clock())
    page = reader.get("/").text
    assert "535 &lt;b&gt;no" in page
    assert "channels/mail/resume" in page
    assert reader.post("/channels/mail/resume").status_code == 303
    assert (states.get("mail") or paused).health == "failing"
    assert reader.post("/channels/none/resume").status_code == 404


@pytest.mark.parametrize(("what", "name"), [("channels", "slack"), ("subscriptions", "anna")])
def test_a_channel_or_a_subscription_is_paused_and_resumed(reader: Visitor, desk: Desk, what: str, name: str) -> None:
    def shown() -> str:
        return next(row["paused"] for row in reader.get(f"/api/{what}").json() if row["id"] == name)

    assert shown() == ""
    for _ in range(2):
        assert reader.post(f"/{what}/{name}/pause").headers["location"] == f"../../#{what}"
        assert shown() == "paused by desk at 2026-07-01 08:00 UTC"
        desk.clock.move(timedelta(minutes=1))  # type: ignore[attr-defined]
    page = reader.get("/").text
    assert f"{what}/{name}/resume" in page
    assert f"{what}/{name}/pause" not in page
    assert reader.post(f"/{what}/{name}/resume").status_code == 303
    assert shown() == ""
    assert f"{what}/{name}/pause" in reader.get("/").text
    assert reader.post(f"/{what}/none/pause").status_code == 404
    assert reader.post(f"/rules/{name}/pause").status_code == 422


def test_a_silence_is_shown_and_ended(reader: Visitor, desk: Desk) -> None:
    kept, now = sql.SqlTable(desk.engine, "silences", Silence), desk.clock()
    hostile = Silence("s1", "<b>anna</b>", "we are <i>on</i> it", now, now + timedelta(hours=1), rule="iran")
    kept.put({"s1": hostile, "old": replace(hostile, id="old", until=now)}, at=now)
    page = reader.get("/").text
    assert "&lt;b&gt;anna" in page
    assert "silences/s1/expire" in page
    assert "silences/old" not in page
    assert [s["what"] for s in reader.get("/api/silences").json()] == ["rule iran"]
    assert reader.post("/silences/s1/expire").status_code == 303
    assert (kept.get("s1") or hostile).until == now
    assert reader.post("/silences/none/expire").status_code == 404


@pytest.mark.parametrize("form", ["atom", "json"])
def test_a_subscription_is_a_feed_at_an_address_that_nobody_can_guess(
    reader: Visitor, stranger: Visitor, desk: Desk, form: str
) -> None:
    fill(desk, url="https://example.com/told")
    sql.SqlLog(desk.engine, "developments", Development).append([_about(2)])
    (one,) = reader.get("/api/subscriptions").json()
    path = f"/{one['feed']}.{form}"
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert "https://example.com/2" in answer.text
    assert f"https://desk.example{path}" in answer.text
    token = one["feed"].partition("/")[2]
    for wrong in (
        token[:-1] + ("B" if token[-1] == "A" else "A"),
        desk.signer.sign("read", desk.signer.mark("feed", "anna"), FOREVER),
        "x",
    ):
        assert stranger.get(f"/feed/{wrong}.{form}").status_code == 404
    gone = desk.signer.sign("feed", desk.signer.mark("feed", "nobody"), FOREVER)
    assert stranger.get(f"/feed/{gone}.{form}").status_code == 404
    assert stranger.get(f"/feed/{token}.xml").status_code == 422


def _about(n: int) -> Development:
    d = development(n)
    return replace(d, match=replace(d.match, hits=tuple(replace(hit, strength="about") for hit in d.match.hits)))


ACTS = (
    *("/deliveries/digest:anna:1/redrive", "/channels/mail/resume", "/silences/s1/expire"),
    *("/channels/mail/pause", "/subscriptions/anna/pause", "/subscriptions/anna/resume"),
)


@pytest.mark.parametrize("path", ACTS)
def test_nothing_is_done_for_a_reader_or_from_elsewhere(desk: Desk, reader: Visitor, path: str) -> None:
    fill(desk)
    assert reader.post(path, headers={"Origin": "https://evil.example"}).status_code == 403
    looks = Visitor(app(lambda: desk, lambda: Caller("vera")))
    assert looks.post(path).status_code == 403
    assert "Send again" not in looks.get("/deliveries/digest:anna:1").text
    assert "<button>" not in looks.get("/").text
    assert sql.SqlTable(desk.engine, "paused", Paused).values() == ()
    assert queries.find_delivery(desk.engine, "digest:anna:1").state == "refused"  # type: ignore[union-attr]
