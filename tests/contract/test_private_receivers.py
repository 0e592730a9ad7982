"""Where messages do not go: an address that is not public, by whatever name, unless the operator has allowed its host.

Each way out is tried twice.  With its host allowed it reaches a listener on this machine, so that the case is a real
one; without, nobody connects, the message waits, and the receipt says which key to set.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import app as app_
from alerts import config, stages
from alerts.adapters import http, sockets
from alerts.adapters.apprise import AppriseChannel
from alerts.adapters.memory import MemoryOutbox, MemoryTable
from alerts.adapters.slack import SlackBot, SlackChannel
from alerts.adapters.webhook import WebhookChannel
from alerts.model import ChannelState, Delivery, Message, Way
from alerts.ports import Channel
from tests.contract.victim import Victim, a_victim, network

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOON = timedelta(seconds=5)
Allowed = frozenset[str]


@pytest.fixture
def victim() -> Iterator[Victim]:
    with a_victim() as made:
        yield made


def delivery(channel: str = "out", to: str = "") -> Delivery:
    return Delivery(
        "alert:desk:a@1", "desk", channel, to, Message("webhook", "Iran", "text", body='{"blocks": []}'), NOW
    )


WAYS: dict[str, tuple[str, Callable[[str, Allowed], Channel]]] = {
    "slack": ("", lambda place, allowed: SlackChannel(f"http://{place}/s3cret", SOON, allow_hosts=allowed)),
    "bot": ("#news", lambda place, allowed: SlackBot("xoxb-s3cret", api=f"http://{place}/", allow_hosts=allowed)),
    "webhook": ("", lambda place, allowed: WebhookChannel(f"http://{place}/s3cret", SECRET, SOON, allowed)),
    "apprise": ("", lambda place, allowed: AppriseChannel(f"json://{place}/s3cret", SOON, allowed)),
}


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
@pytest.mark.parametrize("way", WAYS)
def test_a_private_receiver_is_reached_only_when_it_is_allowed(victim: Victim, way: str, host: str) -> None:
    to, opened = WAYS[way]
    place = f"{host}:{victim.port}"
    opened(place, frozenset({host.strip("[]")})).send(delivery(to=to), attempt=1, now=NOW)
    assert victim.reached == 1

    refused = opened(place, frozenset({"chat.intranet.example"})).send(delivery(to=to), attempt=1, now=NOW)
    assert victim.reached == 1
    assert (refused.outcome, refused.blame) == ("deferred", "login"), "nothing is lost, and the channel is to be mended"
    assert "is not a public address (this machine)" in refused.reason
    named = "localhost" if host == "localhost" else "it"
    assert f"add {named} to allow_hosts in config/channels.yaml" in refused.reason
    assert "s3cret" not in refused.reason


NAMES = {"hook.example": ["10.0.0.7"], "rebound.example": ["8.8.8.8", "169.254.169.254"]}


def test_a_public_name_that_leads_into_the_house_is_refused_when_it_is_dialled(victim: Victim) -> None:
    via = network(victim.port, NAMES)

    def posted(host: str, *allowed: str) -> http.Posted:
        hosts = frozenset(allowed)
        return http.post(f"http://{host}/", headers={}, body=b"x", timeout=SOON, allow_hosts=hosts, network=via)

    refused = posted("hook.example")
    assert (refused.status, refused.barred) == (0, True)
    assert "add hook.example to allow_hosts" in refused.reason
    assert posted("hook.example", "hook.example").status == 200
    assert victim.reached == 1
    assert posted("rebound.example").status == 200, "it is public the first time"
    assert posted("rebound.example").barred, "and a cloud's metadata the second"
    assert victim.reached == 2


def test_the_services_of_whoever_runs_this_machine_may_be_on_it(victim: Victim) -> None:
    url = f"http://127.0.0.1:{victim.port}/"
    assert http.post(url, headers={}, body=b"x", timeout=SOON, allow_hosts=None).status == 200
    assert http.post(url, headers={}, body=b"x", timeout=SOON).barred, "who says nothing gets the guard"


def test_the_channel_is_paused_the_operator_is_told_the_key_and_then_it_is_sent(victim: Victim) -> None:
    """As it is for whoever had a receiver in the house before there was a guard."""
    outbox, states, now = MemoryOutbox(), MemoryTable[ChannelState](), [NOW]
    outbox.add([delivery("hook")])
    told: list[Delivery] = []

    class Told:
        def send(self, made: Delivery, *, attempt: int, now: datetime) -> object:
            told.append(made)
            return WebhookChannel(url, SECRET, SOON, frozenset({"127.0.0.1"})).send(made, attempt=attempt, now=now)

    url = f"http://127.0.0.1:{victim.port}/"

    def deliver(*allowed: str) -> None:
        hook = WebhookChannel(url, SECRET, SOON, frozenset(allowed))
        stages.deliver(
            channels={"hook": hook, "other": Told()},  # type: ignore[dict-item]
            outbox=outbox,
            states=states,
            clock=lambda: now[0],
            operator=(Way("other", "webhook"),),
        )
        now[0] += timedelta(minutes=31)

    for _ in range(3):
        deliver()
    state = states.get("hook")
    assert state is not None
    assert (state.health, outbox.receipts(delivery().id)[0].blame) == ("paused", "login")
    assert [made.message.subject for made in told] == ['[Tocsin] Channel "hook" is paused']
    assert "add it to allow_hosts in config/channels.yaml" in told[0].message.text
    deliver("127.0.0.1")
    assert outbox.receipts(delivery().id)[-1].outcome == "delivered"


def test_what_the_file_allows_reaches_every_way(tmp_path: Path) -> None:
    file = "allow_hosts: [chat.intranet, 10.0.0.7]\nchannels:\n" + "".join(
        f"  - {{id: {kind}, kind: {kind}}}\n" for kind in ("slack", "webhook", "apprise")
    )
    found, _ = config.check([config.File("config/channels.yaml", file.encode())])
    urls = {
        "ALERTS_SLACK": "https://a.example/",
        "ALERTS_WEBHOOK": "https://a.example/",
        "ALERTS_APPRISE": "json://a.example",
    }
    made = [app_.channel(settings, urls.get, tmp_path) for settings in found.channels]
    assert [channel.allow_hosts for channel in made] == [{"chat.intranet", "10.0.0.7"}] * 3  # type: ignore[attr-defined]
    bot = app_.channel(found.channels[0], {"ALERTS_SLACK": "xoxb-1"}.get, tmp_path)
    assert bot.allow_hosts == {"chat.intranet", "10.0.0.7"}  # type: ignore[attr-defined]


# ── the sockets of others ────────────────────────────────────────────────────────────────────────────────────────────

PUBLIC, PRIVATE = ("8.8.8.8", 9), ("127.0.0.1", 9)

DIALLED = [
    ("a public address", "", PUBLIC, (), ""),
    ("a private one", "", PRIVATE, (), "add it to allow_hosts"),
    ("one that is allowed", "", PRIVATE, ("127.0.0.1",), ""),
    ("one whose name is allowed", "Chat.Intranet.", PRIVATE, ("chat.intranet",), ""),
    ("one whose name is not", "chat.intranet", PRIVATE, ("other",), "add chat.intranet to allow_hosts"),
    ("a version 4 in disguise", "", ("::ffff:127.0.0.1", 9, 0, 0), (), "this machine"),
    ("one with a zone", "", ("fe80::1%lo", 9, 0, 1), (), "of this link"),
    ("a name that nobody looked up", "", ("metadata.internal", 9), (), "was not looked up"),
    ("a program's own socket", "", "/run/bus", (), ""),
]


@pytest.mark.parametrize(("why", "name", "address", "allowed", "words"), DIALLED, ids=[case[0] for case in DIALLED])
def test_what_a_library_may_dial(why: str, name: str, address: object, allowed: tuple[str, ...], words: str) -> None:
    watch = sockets.Watch(frozenset(allowed))
    if name:
        watch.look_up(name.encode())
    if words:
        with pytest.raises(OSError, match="not a public address"):
            watch.dial(address)
    else:
        watch.dial(address)
    assert words in watch.refusal, why
    assert bool(words) == bool(watch.refusal)


def test_python_tells_of_every_socket_of_a_watched_thread_and_of_no_other(victim: Victim) -> None:
    place = ("127.0.0.1", victim.port)

    def dial() -> None:
        with socket.create_connection(place, 5) as made:
            made.sendall(b"x")

    with sockets.watched(frozenset()) as watch:
        with pytest.raises(OSError, match="not a public address"):
            dial()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, pytest.raises(OSError, match="not a public"):
            out.sendto(b"x", place)
        other = threading.Thread(target=dial)
        other.start()
        other.join()
    assert "this machine" in watch.refusal
    dial()
