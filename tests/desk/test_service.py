"""Self-service: a click in a mail begins it, a click ends it, and no form tells who is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import HTTPException

from alerts import app as app_
from alerts import rules as rules_
from alerts.adapters import sql
from alerts.adapters.memory import MemoryChannel, MemoryFetch, MemoryFingerprints, MemoryPages, MemoryParse
from alerts.app import App, SqlReaders, Stores
from alerts.app.retention import Retention
from alerts.config import Loaded
from alerts.desk import Desk, service, web
from alerts.model import Development, Report
from alerts.subscribers import ASK_AGAIN, Subscriber, address_mark
from tests.contract.values import TestClock, delivery, development
from tests.desk.conftest import TOKEN, URL, fill
from tests.desk.visitor import Visitor

FORM = {"address": "mina@example.org", "rule": ["iran"], "often": "instant", "at": "07:30", "zone": "UTC", "lang": "en"}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def channel() -> MemoryChannel:
    return MemoryChannel()


@pytest.fixture
def app(desk: Desk, clock: TestClock, channel: MemoryChannel) -> App:
    config = desk.config
    rules = rules_.compile(config.rules, {})
    made = App(
        Loaded(config), rules, Stores.in_sql(desk.engine, MemoryFingerprints()), MemoryFetch(), {"mail": channel},
        MemoryParse(), MemoryPages(), clock, desk.engine, readers=SqlReaders(desk.engine, desk.signer, URL),
    )  # fmt: skip
    made.subscribe()
    return made


def happens(desk: Desk, n: int, rule: str = "iran") -> None:
    d = development(n)
    hits = (replace(d.match.hits[0], rule=rule, strength="about"),)
    d = replace(d, match=replace(d.match, hits=hits), story=f"s-{n}")
    sql.SqlLog(desk.engine, "developments", Development).append([d])


def send(app: App) -> tuple[Report, Report]:
    return app.run("compose"), app.run("deliver")


def to(channel: MemoryChannel, address: str = "mina@example.org") -> list[str]:
    return [d.id.partition(":")[0] for d in channel.sent if d.recipient == address]


def link(channel: MemoryChannel, kind: str) -> str:
    text = [d.message.text for d in channel.sent if f"/{kind}/" in d.message.text][-1]
    return re.findall(rf"{URL}(/{kind}/\S+)", text)[0]


def subscribe(visitor: Visitor, app: App, channel: MemoryChannel, **more: Any) -> None:
    assert visitor.post("/subscribe", data=FORM | more).status_code == 200
    send(app)
    assert visitor.post(link(channel, "confirm")).status_code == 200


def only(desk: Desk) -> Subscriber:
    (reader,) = sql.SqlSubscribers(desk.engine).all()
    return reader


# ── subscribing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_told_before_the_click_and_nothing_of_the_past_after_it(
    stranger: Visitor, app: App, desk: Desk, channel: MemoryChannel
) -> None:
    assert 'value="iran" checked' in stranger.get("/subscribe").text
    stranger.post("/subscribe", data=FORM)
    happens(desk, 1)
    send(app)
    assert to(channel) == ["self-service"]
    assert stranger.get(link(channel, "confirm")).status_code == 200
    send(app)
    assert (to(channel), only(desk).standing) == (["self-service"], "asked")  # a GET changes nothing

    stranger.post(link(channel, "confirm"))
    send(app)
    assert to(channel) == ["self-service"]
    happens(desk, 2)
    happens(desk, 3, rule="china")
    send(app)
    assert to(channel) == ["self-service", "alert"]
    assert only(desk).name in channel.sent[-1].id
    assert "mina" not in channel.sent[-1].id


def test_a_second_click_is_the_first(stranger: Visitor, app: App, desk: Desk, channel: MemoryChannel) -> None:
    subscribe(stranger, app, channel)
    happens(desk, 1)
    assert stranger.post(link(channel, "confirm")).status_code == 200
    send(app)
    assert to(channel) == ["self-service", "alert"]


def test_a_digest_has_the_wishes_of_its_reader(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel
) -> None:
    subscribe(stranger, app, channel, often="daily", at="06:45", zone="Asia/Seoul", rule=["iran", "china", "tariffs"])
    wishes = only(desk).wishes
    assert (wishes.rules, wishes.cron, wishes.zone) == (("iran", "china"), "45 6 * * *", "Asia/Seoul")
    happens(desk, 1)
    send(app)
    assert to(channel) == ["self-service"]
    clock.move(timedelta(days=1))
    send(app)
    assert to(channel) == ["self-service", "digest"]


@pytest.mark.parametrize("often", service.CADENCES)
def test_the_page_of_a_reader_shows_what_they_chose(often: str) -> None:
    wishes = service.wishes({"often": [often], "at": ["06:45"], "rule": ["a"]}, service.Service(("a",), "mail"))
    assert service.chosen(wishes)[0] == often
    assert often in {"instant", "hourly"} or service.chosen(wishes)[1] == "06:45"


def test_who_does_not_click_is_forgotten(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel, tmp_path: Path
) -> None:
    stranger.post("/subscribe", data=FORM)
    send(app)
    old = link(channel, "confirm")
    clock.move(timedelta(days=2, minutes=1))
    assert stranger.post(old).status_code == 404, "the link has ended by itself"
    assert dict(app_.keep(app, Retention(), tmp_path).counts)["asked"] == 1
    assert sql.SqlSubscribers(desk.engine).all() == ()


def test_who_asks_again_has_two_days_from_then(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel, tmp_path: Path
) -> None:
    stranger.post("/subscribe", data=FORM)
    clock.move(timedelta(days=1.5))
    stranger.post("/subscribe", data=FORM)
    send(app)
    clock.move(timedelta(days=1))
    assert dict(app_.keep(app, Retention(), tmp_path).counts)["asked"] == 0
    assert stranger.post(link(channel, "confirm")).status_code == 200


# ── what a stranger can learn, and do ────────────────────────────────────────────────────────────────────────────────


def test_the_answer_is_the_same_whether_the_address_is_known(
    stranger: Visitor, app: App, clock: TestClock, channel: MemoryChannel
) -> None:
    """An unknown one, the same again at once, one that is active, one that is paused, one that only a robot fills in."""
    answers = [stranger.post("/subscribe", data=FORM), stranger.post("/subscribe", data=FORM)]
    send(app)
    assert len(channel.sent) == 1
    stranger.post(link(channel, "confirm"))
    clock.move(ASK_AGAIN)
    answers.append(stranger.post("/subscribe", data=FORM | {"rule": ["china"]}))
    send(app)
    assert stranger.post(link(channel, "manage"), data={"do": "pause"}).status_code == 200
    clock.move(ASK_AGAIN)
    answers += [stranger.post("/subscribe", data=FORM), stranger.post("/subscribe", data=FORM | {"website": "x"})]
    assert {(a.status_code, a.text) for a in answers} == {(200, answers[0].text)}
    assert "mina" not in answers[0].text


def test_a_stranger_cannot_change_what_another_wishes(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel
) -> None:
    subscribe(stranger, app, channel)
    clock.move(ASK_AGAIN)
    stranger.post("/subscribe", data=FORM | {"rule": ["china"], "address": " MINA@Example.org "})
    assert only(desk).wishes.rules == ("iran",)
    assert only(desk).standing == "active"


def test_an_address_gets_one_mail_in_a_quarter_of_an_hour(
    stranger: Visitor, app: App, clock: TestClock, channel: MemoryChannel
) -> None:
    for _ in range(3):
        stranger.post("/subscribe", data=FORM)
    clock.move(ASK_AGAIN - MINUTE)
    stranger.post("/subscribe", data=FORM)
    send(app)
    assert len(channel.sent) == 1
    clock.move(MINUTE)
    stranger.post("/subscribe", data=FORM)
    send(app)
    assert len(channel.sent) == 2


def test_a_client_sends_five_forms_and_then_waits(stranger: Visitor) -> None:
    sent = [stranger.post("/subscribe", data=FORM | {"address": f"a{n}@example.org"}) for n in range(7)]
    assert [answer.status_code for answer in sent] == [200] * 5 + [429] * 2
    assert int(sent[-1].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "address",
    ["mina@example.org\r\nBcc: eve@example.org", "mina@example.org\nX: y", "mina@example.org\x00", "mina@example.org\x0b",
     "<mina@example.org>", "Mina <mina@example.org>", "mina@example.org, eve@example.org", "mina@example.org;eve@x.org",
     '"mina eve"@example.org', "=?utf-8?q?x=0D=0ABcc:?=@example.org", "mina@example.org\u2028Bcc: x", "mina", "@", "",
     "mína@example.org", f"{'a' * 300}@example.org", "mina@[127.0.0.1]", "mina@exa mple.org", "a@b@c.org",
     "mina@example.org%0d%0aBcc:x", "<script>alert(1)</script>@example.org", "mina..x@example.org"],
)  # fmt: skip
def test_what_is_no_address_gets_no_mail_and_is_not_repeated(stranger: Visitor, desk: Desk, address: str) -> None:
    answer = stranger.post("/subscribe", data=FORM | {"address": address})
    assert answer.status_code == 422
    assert sql.SqlSubscribers(desk.engine).all() == ()
    assert len(address) < 5 or address not in answer.text


@pytest.mark.parametrize(
    "more",
    [{"rule": []}, {"rule": ["tariffs"]}, {"rule": ["none"]}, {"often": "cron * * * * *"}, {"often": ""},
     {"often": "daily", "at": "99:99"}, {"zone": "Mars/Olympus"}, {"zone": "<b>"}, {"at": "7 30 * * *", "often": "daily"}],
)  # fmt: skip
def test_what_was_not_opened_cannot_be_wished(stranger: Visitor, desk: Desk, more: dict[str, Any]) -> None:
    answer = stranger.post("/subscribe", data=FORM | more)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert sql.SqlSubscribers(desk.engine).all() == ()


@pytest.mark.parametrize("kind", ["confirm", "manage", "unsubscribe"])
def test_a_token_that_is_forged_over_or_for_something_else_opens_nothing(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel, kind: str
) -> None:
    subscribe(stranger, app, channel)
    id_, later = only(desk).id, clock() + timedelta(hours=1)
    good = desk.signer.sign(kind, id_, later)  # type: ignore[arg-type]
    others = [desk.signer.sign(p, id_, later) for p in ("session", "confirm", "manage", "unsubscribe") if p != kind]  # type: ignore[arg-type]
    bad = [*others, good[:-1] + ("A" if good[-1] != "A" else "B"), desk.signer.sign(kind, id_, clock()), "x", "A" * 52]  # type: ignore[arg-type]
    before = only(desk)
    for token in bad:
        assert stranger.get(f"/{kind}/{token}").status_code == 404
        assert stranger.post(f"/{kind}/{token}", data={"do": "leave"}).status_code == 404
    assert stranger.get(f"/{kind}/{good}").status_code == 200
    assert only(desk) == before


def test_a_page_elsewhere_can_send_none_of_the_forms_but_the_one_of_a_mail(
    stranger: Visitor, app: App, desk: Desk, channel: MemoryChannel
) -> None:
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert stranger.post("/subscribe", data=FORM, headers=elsewhere).status_code == 403
    subscribe(stranger, app, channel)
    manage = service.link(desk, "manage", only(desk), desk.clock())[len(URL) :]
    assert stranger.post(manage, data={"do": "leave"}, headers=elsewhere).status_code == 403
    assert stranger.post(link(channel, "confirm"), headers=elsewhere).status_code == 403
    assert only(desk).standing == "active"


def test_the_mail_with_the_link_is_shown_to_nobody(reader: Visitor, channel: MemoryChannel, app: App) -> None:
    reader.post("/subscribe", data=FORM)
    send(app)
    (one,) = channel.sent
    page = reader.get(f"/deliveries/{one.id}")
    assert page.status_code == 200
    assert "for its reader alone" in page.text
    token = link(channel, "confirm").rpartition("/")[2]
    everything = [
        page.text,
        reader.get("/").text,
        reader.get("/api/deliveries").text,
        reader.get(f"/deliveries/{one.id}/message").text,
    ]
    assert not [text for text in everything if token in text or "mina@" in text]


def test_without_an_address_of_the_desk_nobody_subscribes(desk: Desk) -> None:
    from alerts.desk import alone

    closed = Visitor(alone.desk(lambda: replace(desk, url=""), ("x" * 20,)))
    assert closed.get("/subscribe").status_code == 404
    assert closed.post("/subscribe", data=FORM).status_code == 404


# ── changing, pausing, ending ────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_changes_pauses_and_resumes(stranger: Visitor, app: App, desk: Desk, channel: MemoryChannel) -> None:
    subscribe(stranger, app, channel)
    manage = service.link(desk, "manage", only(desk), desk.clock())[len(URL) :]
    assert "mina" not in stranger.get(manage).text
    stranger.post(manage, data=FORM | {"do": "keep", "rule": ["china"], "lang": "ko"})
    assert (only(desk).wishes.rules, only(desk).wishes.lang) == (("china",), "ko")
    assert stranger.post(manage, data=FORM | {"do": "keep", "rule": []}).status_code == 422

    stranger.post(manage, data={"do": "pause"})
    happens(desk, 1, rule="china")
    send(app)
    stranger.post(manage, data={"do": "resume"})
    send(app)
    assert to(channel) == ["self-service"], "what came meanwhile is not told later"
    happens(desk, 2, rule="china")
    send(app)
    assert to(channel) == ["self-service", "alert"]
    assert stranger.post(manage, data={"do": "delete everything"}).status_code == 422


def _by_the_page(stranger: Visitor, desk: Desk, channel: MemoryChannel) -> None:
    stranger.post(service.link(desk, "manage", only(desk), desk.clock())[len(URL) :], data={"do": "leave"})


def _by_the_mail(stranger: Visitor, desk: Desk, channel: MemoryChannel) -> None:
    url = channel.sent[-1].unsubscribe
    assert url.startswith(f"{URL}/unsubscribe/")
    elsewhere = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    for _ in range(2):
        answer = stranger.post(url[len(URL) :], data={"List-Unsubscribe": "One-Click"}, headers=elsewhere)
        assert answer.status_code == 200


@pytest.mark.parametrize("leave", [_by_the_page, _by_the_mail])
def test_who_leaves_is_forgotten_and_gets_nothing_not_even_what_was_waiting(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel, leave: Callable[..., None]
) -> None:
    subscribe(stranger, app, channel)
    happens(desk, 1)
    send(app)
    name = only(desk).name
    channel.then("deferred", "451 later")
    happens(desk, 2)
    send(app)
    stranger.get(channel.sent[-1].unsubscribe[len(URL) :])
    assert only(desk).standing == "active"  # a GET changes nothing

    leave(stranger, desk, channel)
    assert sql.SqlSubscribers(desk.engine).all() == ()
    before = len(channel.sent)
    clock.move(timedelta(days=1))
    happens(desk, 3)
    send(app)
    assert not [d for d in channel.sent[before:] if d.recipient == "mina@example.org"]
    assert sql.SqlLog(desk.engine, "developments", Development).subscribed(name) is None


def test_a_recipient_of_the_file_unsubscribes_alone(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel
) -> None:
    (anna,) = desk.config.subscriptions
    both = replace(anna, recipients=("anna@example.com", "bo@example.com"), cron="")
    app = replace(app, loaded=Loaded(replace(desk.config, subscriptions=(both,))))
    happens(desk, 1, rule="tariffs")
    send(app)
    assert sorted(d.recipient for d in channel.sent) == ["anna@example.com", "bo@example.com"]
    _by_the_mail(stranger, desk, channel)
    gone = channel.sent[-1].recipient
    happens(desk, 2, rule="tariffs")
    send(app)
    assert [d.recipient for d in channel.sent[2:]] == [r for r in both.recipients if r != gone]


def test_unsubscribing_needs_https(desk: Desk) -> None:
    for url, found in ((URL, True), ("http://desk.example", False), ("", False)):
        readers = SqlReaders(desk.engine, desk.signer, url)
        assert bool(readers.unsubscribe("anna", "anna@example.com", now=desk.clock())) == found
    assert SqlReaders(desk.engine, desk.signer, URL).unsubscribe("desk", "", now=desk.clock()) == ""


def test_each_digest_leads_its_reader_and_nobody_else_to_the_page_where_it_is_changed(
    stranger: Visitor, reader: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel
) -> None:
    subscribe(stranger, app, channel, often="daily", at="06:45")
    happens(desk, 1)
    clock.move(timedelta(days=1))
    send(app)
    (own,) = [d for d in channel.sent if d.recipient == "mina@example.org" and d.id.startswith("digest:")]
    (path,) = re.findall(rf"end your subscription: {URL}(/manage/\S+)", own.message.text)
    assert own.message.html.count(f'href="{URL}{path}"') == 1
    assert 'value="pause"' in stranger.get(path).text
    (of_the_file,) = [d for d in channel.sent if d.recipient == "anna@example.com"]
    assert "/manage/" not in of_the_file.message.text + of_the_file.message.html

    reader.post("/login", data={"token": TOKEN})
    name = own.id.rpartition(":")[0]
    read = SqlReaders(desk.engine, desk.signer, URL).link(name, now=clock())[len(URL) :]
    pages = [(reader, f"/deliveries/{own.id}"), (reader, f"/deliveries/{own.id}/message"), (stranger, read)]
    shown = [who.get(page) for who, page in (*pages, (stranger, f"{read}/message"))]
    assert [answer.status_code for answer in shown] == [200] * 4
    assert [answer for answer in shown if path.rpartition("/")[2] in answer.text] == []
    assert "Change, pause or end your subscription" in shown[1].text
    assert SqlReaders(desk.engine, desk.signer).managing(desk.config, clock())(own.subscription) == ""


# ── the link in a digest ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_digest_leads_to_itself_in_the_browser_and_to_what_did_not_fit(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel
) -> None:
    (anna,) = desk.config.subscriptions
    one = replace(anna, max_stories=1)
    app = replace(app, loaded=Loaded(replace(desk.config, subscriptions=(one,))))
    happens(desk, 1)
    happens(desk, 2)
    clock.move(timedelta(days=1))
    send(app)
    (told,) = channel.sent
    (path,) = re.findall(rf"with what did not fit: {URL}(/read/\S+)", told.message.text)
    assert told.message.html.count(f'href="{URL}{path}"') == 2  # the stories that did not fit, and the whole
    page = stranger.get(path)
    assert page.status_code == 200
    assert all(f"https://example.com/{n}" in page.text for n in (1, 2))
    assert "anna@" not in page.text
    framed = stranger.get(f"{path}/message")
    assert framed.text == told.message.html.replace("</head>", '<base target="_blank"></head>', 1)
    assert framed.headers["content-security-policy"].startswith("sandbox ")


def test_the_link_of_one_digest_opens_no_other_and_none_without_a_token(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel
) -> None:
    fill(desk)
    readers = SqlReaders(desk.engine, desk.signer, URL)
    path = readers.link("digest:anna:1", now=clock())[len(URL) :]
    token = path.rpartition("/")[2]
    assert stranger.get(path).status_code == 200
    other = desk.signer.sign("feed", desk.signer.mark("read", "digest:anna:1"), clock() + MINUTE)
    for wrong in (f"/read/alert:desk:2/{token}", f"/read/digest:anna/{token}", f"/read/digest:anna:1/{other}"):
        assert stranger.get(wrong).status_code == 404
        assert stranger.get(f"{wrong}/message").status_code == 404
    clock.move(timedelta(days=401))
    assert stranger.get(path).status_code == 404
    behind = Visitor(web.app(lambda: desk, nobody))
    assert behind.get(path).status_code == 401
    assert SqlReaders(desk.engine, desk.signer).link("digest:anna:1", now=clock()) == ""


def nobody() -> web.Caller:
    raise HTTPException(401, "log in")


# ── bounces ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_at_which_there_is_nobody_is_left_alone_and_the_report_says_so(
    stranger: Visitor, app: App, desk: Desk, clock: TestClock, channel: MemoryChannel
) -> None:
    subscribe(stranger, app, channel)
    channel.refuse("mina@example.org", "550 no such user")
    happens(desk, 1)
    _, report = send(app)
    (line,) = [line for line in report.lines if "is told nothing more" in line]
    assert "550 no such user" in line
    assert "mina" not in line
    before = len(channel.sent)
    happens(desk, 2)
    _, report = send(app)
    assert (len(channel.sent), report.lines) == (before, ())

    store = sql.SqlSubscribers(desk.engine)
    mark = address_mark(desk.signer.mark, "mina@example.org")
    clock.move(MINUTE)
    assert store.resume(mark, clock())
    assert not store.resume(mark, clock())
    _, report = send(app)
    assert report.lines == (), "the old bounce does not bring it back"
    clock.move(MINUTE)
    happens(desk, 3)
    _, report = send(app)
    assert [line for line in report.lines if "is told nothing more" in line], "a new one does"


def test_a_refusal_of_the_message_leaves_nobody_alone(
    stranger: Visitor, app: App, desk: Desk, channel: MemoryChannel
) -> None:
    subscribe(stranger, app, channel)
    channel.then("refused", "550 5.7.1 your server is on a list", blame="message")
    happens(desk, 1)
    send(app)
    assert sql.SqlSubscribers(desk.engine).pauses() == ()


def test_two_addresses_of_one_owner_are_one(desk: Desk) -> None:
    assert address_mark(desk.signer.mark, "Mina@Example.org ") == address_mark(desk.signer.mark, "mina@example.org")
    assert delivery("x").recipient not in address_mark(desk.signer.mark, "anna@example.com")
    assert app_.desk_url({"ALERTS_DESK_URL": f"{URL}/"}.get) == URL
