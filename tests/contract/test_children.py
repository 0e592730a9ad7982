"""Hostile feeds against real child processes: what a feed may cost, that it stops no other, and that nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path

import pytest

from alerts.adapters import children as children_
from alerts.adapters.children import PATIENCE, ChildParse, Children
from alerts.adapters.memory import MemoryParse
from alerts.errors import FetchError, ParseError
from alerts.feeds import Parsed, quick
from alerts.model import Feed, Fetched
from alerts.ports import Parse

ROOT = Path(__file__).parents[2]
HOSTILE = ROOT.parent / "shared" / "data" / "hostile.tar.gz"
RSS = b"<rss version='2.0'><channel>%s</channel></rss>"
GOOD = RSS % b"<item><title>Good</title></item>"
ODD = RSS % b"<item><title>Odd & good</title></item>"
SLOW = RSS % (b"<item><title>&x</title></item>" * 30_000)
FEED = Feed("one", "https://outlet.example/rss", "Outlet")


@contextmanager
def parsing(**limits: float) -> Iterator[ChildParse]:
    """Children with these limits, that end with the block."""
    with Children(**limits) as children:  # type: ignore[arg-type]
        yield ChildParse(children)


@pytest.fixture(scope="module")
def children() -> Iterator[ChildParse]:
    with parsing(seconds=2) as parse:
        list(parse([(FEED, Fetched(200, ODD))]))  # the first child has to start
        yield parse


def said(parse: Parse, *bodies: bytes) -> dict[bytes, Parsed | ParseError | None]:
    return {got.body: read for _, got, read in parse([(FEED, Fetched(200, body)) for body in bodies]) if got}  # type: ignore[union-attr]


def titles(read: Parsed | ParseError | None) -> list[str]:
    assert isinstance(read, Parsed), read
    return [entry.title for entry in read.entries]


# ── what the port promises ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["children", "memory"])
def test_every_answer_comes_back_once(kind: str, children: ChildParse) -> None:
    feeds = [Feed(str(n), f"https://outlet.example/{n}", "Outlet") for n in range(6)]
    answers = [
        Fetched(200, GOOD),
        Fetched(200, ODD),
        FetchError("500"),
        Fetched(304),
        Fetched(200, b""),
        Fetched(200, b"{}"),
    ]
    parse: Parse = children if kind == "children" else MemoryParse()
    came = {feed.id: (got, read) for feed, got, read in parse(zip(feeds, answers, strict=True))}
    assert [came[feed.id][0] for feed in feeds] == answers
    assert titles(came["0"][1]) == ["Good"]
    assert titles(came["1"][1]) == ["Odd & good"]
    assert (came["2"][1], came["3"][1]) == (None, None)
    assert str(came["4"][1]) == "the body is empty"
    assert str(came["5"][1]).startswith("JSON, but no JSON Feed")


def test_a_feed_that_is_slow_to_read_comes_after_those_that_are_not(children: ChildParse) -> None:
    answers = [(FEED, Fetched(200, body)) for body in (SLOW, GOOD, ODD, GOOD)]
    came = [got.body for _, got, _ in children(answers) if isinstance(got, Fetched)]
    assert came[-1] == SLOW
    assert sorted(came[:-1]) == sorted([GOOD, ODD, GOOD])


def test_no_child_is_started_for_a_feed_in_good_order() -> None:
    with parsing() as parse:
        before = len(active_children())
        assert titles(said(parse, GOOD)[GOOD]) == ["Good"]
        assert len(active_children()) == before


# ── what a feed may cost ─────────────────────────────────────────────────────────────────────────────────────────────

OPEN_FONTS = b"&lt;p>" + b"".join(b"&lt;font a=%d>" % n for n in range(600)) + b"&lt;p>x" * 8_000
ENTITIES = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10 if n else b"ha") for n in range(10))
BOMBS = {
    "authors whose reading takes the square of their length": RSS
    % (b"<item><title>&x</title>" + b"<author>" + b"a@" * 400_000 + b"</author></item>"),
    "a megabyte of attributes": RSS % (b"<item " + b" ".join(b"a%d='1'" % n for n in range(90_000)) + b">&x</item>"),
    "a hundred thousand elements in each other": b"<rss><channel><item>" + b"<a>" * 100_000,
    "entities of entities": b"<!DOCTYPE x [" + ENTITIES + b"]>" + RSS % b"<item><title>&e9;</title></item>",
    "one large entity, many times": b"<!DOCTYPE x [<!ENTITY a '%s'>]>" % (b"x" * 100_000)
    + RSS % (b"<item><title>%s</title></item>" % (b"&a;" * 30_000)),
    "half a million entries": RSS % (b"<item><title>&x</title></item>" * 500_000),
    "half a million entries in good order": RSS % (b"<item><title>x</title></item>" * 500_000),
    "formatting that is never closed": RSS % (b"<item><description>" + OPEN_FONTS + b"</description></item>"),
}


@pytest.mark.parametrize("why", BOMBS)
def test_a_hostile_feed_is_cut_off_and_the_feed_after_it_is_read(why: str, children: ChildParse) -> None:
    body = BOMBS[why]
    began = time.monotonic()
    got = said(children, body, GOOD, ODD)
    assert time.monotonic() - began < 2 * PATIENCE + 10, why
    assert titles(got[GOOD]) == ["Good"]
    assert titles(got[ODD]) == ["Odd & good"]
    read = got[body]
    assert isinstance(read, ParseError) or len(read.entries) <= 10_000  # type: ignore[union-attr]


def test_what_is_cut_off_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children_, "PATIENCE", 600)  # a busy machine gives a child little of the processor
    slow, large = BOMBS["half a million entries"], BOMBS["formatting that is never closed"]
    with parsing(seconds=1) as parse:
        list(parse([(FEED, Fetched(200, ODD))]))
        assert str(said(parse, slow)[slow]) == "cut off: reading it takes 1 s or more"
    with parsing(seconds=30, megabytes=200) as parse:
        assert str(said(parse, large)[large]) == "cut off: reading it takes more than 65 MB of memory"


def test_what_a_child_may_take_grows_with_the_body() -> None:
    entries = b"<item><title>&x</title></item>" * 8_000  # 240 kB, of which feedparser makes some 30 MB
    formatting = b"<item><description>" + OPEN_FONTS + b"</description></item>"
    with parsing(seconds=30) as parse:
        assert isinstance(said(parse, RSS % entries)[RSS % entries], Parsed)
        for padding, allowed in ((0, 65), (2_000_000, 113)):
            body = RSS % (b" " * padding + formatting)
            assert str(said(parse, body)[body]) == f"cut off: reading it takes more than {allowed} MB of memory"


def sleeps(got: Fetched) -> str:
    """Take no time of the processor, and never end."""
    time.sleep(60)
    return got.url


def test_one_that_waits_and_takes_no_time_of_the_processor_is_cut_off_by_the_clock() -> None:
    with Children(seconds=0.25) as children:
        assert str(children.result(children.run(sleeps, Fetched(200)))) == "cut off: it was not read within 2.5 s"


def gives_way(got: Fetched) -> str:
    """Say how nice this process is."""
    return f"{os.nice(0)} {got.url}"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all threads of a process are as nice as one")
def test_a_child_gives_way_and_the_program_that_started_it_does_not() -> None:
    before = os.nice(0)
    with Children() as children:
        assert children.result(children.run(gives_way, Fetched(200, url="x"))) == f"{before + 10} x"
    assert os.nice(0) == before


@pytest.mark.parametrize("why", BOMBS)
def test_nothing_hostile_costs_much_where_it_was_fetched(why: str) -> None:
    began = time.process_time()
    quick(Fetched(200, BOMBS[why]))
    assert time.process_time() - began < 0.5


def test_many_hostile_feeds_hold_no_good_one_up() -> None:
    slow = BOMBS["half a million entries"][:2_000_000]
    answers = [(FEED, Fetched(200, body)) for n in range(10) for body in (slow + b"%d" % n, GOOD)]
    with parsing(seconds=0.3) as parse:
        began, good = time.monotonic(), []
        for _, got, read in parse(answers):
            if isinstance(got, Fetched) and got.body == GOOD:
                good.append(time.monotonic() - began)
                assert titles(read) == ["Good"]
    assert len(good) == 10
    assert max(good) < 1


# ── what is never opened ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and who called there."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                calls.append(address)
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1], calls
        stop.set()
        thread.join()


CALLING = [
    '<!DOCTYPE rss SYSTEM "{url}/dtd">{rss}',
    '<!DOCTYPE rss PUBLIC "-//x" "{url}/dtd">{rss}',
    '<!DOCTYPE rss [<!ENTITY x SYSTEM "{url}/entity">]>{entity}',
    '<!DOCTYPE rss [<!ENTITY % x SYSTEM "{url}/parameter"> %x;]>{rss}',
    '<?xml-stylesheet type="text/xsl" href="{url}/xsl"?>{rss}',
    '<rss xmlns:xi="http://www.w3.org/2001/XInclude"><channel><item><title>a</title><xi:include href="{url}/x"/></item></channel></rss>',
    '<rss xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="{url}/xsd"><channel><item><title>a</title></item></channel></rss>',
    '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>a</title><content src="{url}/content"/></entry></feed>',
    '<rss><channel><item><title>a</title><description>&lt;img src="{url}/img"&gt;&lt;link rel=stylesheet href="{url}/css"&gt;</description></item></channel></rss>',
    "{url}/feed",
    "<html><head><meta http-equiv='refresh' content='0; url={url}/'></head></html>",
    '{{"version": "https://jsonfeed.org/version/1.1", "next_url": "{url}/next", "items": [{{"id": "1", "url": "{url}/a"}}]}}',
]


def test_nothing_is_opened(children: ChildParse, listener: tuple[int, list[object]], tmp_path: Path) -> None:
    port, calls = listener
    (tmp_path / "secret").write_text("the secret of this machine")
    item = "<rss><channel><item><title>%s</title></item></channel></rss>"
    for url in (f"http://127.0.0.1:{port}", f"ftp://127.0.0.1:{port}", f"file://{tmp_path}/secret?"):
        bodies = [form.format(url=url, rss=item % "a", entity=item % "&x;").encode() for form in CALLING]
        for parse in (children, MemoryParse()):
            got = said(parse, *bodies)
            assert "the secret" not in str(got)
    socket.create_connection(("127.0.0.1", port)).close()  # the listener does hear
    time.sleep(0.2)
    assert len(calls) == 1


def test_the_hostile_files_of_the_shared_data(children: ChildParse) -> None:
    if not HOSTILE.exists():
        pytest.skip(f"{HOSTILE.name} is not here")
    with tarfile.open(HOSTILE) as files:
        bodies = [file.read() for member in files if (file := files.extractfile(member)) is not None]
    # What stands in such a file may also stand in an entry.
    inside = [
        RSS % (b"<item><title>a</title><description><![CDATA[" + body + b"]]></description></item>") for body in bodies
    ]
    began = time.monotonic()
    got = said(children, *bodies, *inside, GOOD)
    assert titles(got[GOOD]) == ["Good"]
    assert len(got) == len({*bodies, *inside, GOOD})
    assert "root:" not in str([read for read in got.values() if isinstance(read, Parsed)])
    assert time.monotonic() - began < 30


# ── what is left behind ──────────────────────────────────────────────────────────────────────────────────────────────

PROGRAM = """
import os, sys, time
from multiprocessing import active_children
from alerts.adapters.children import Children, ChildParse
from alerts.model import Feed, Fetched
feed = Feed("one", "https://outlet.example/rss", "Outlet")
def read(parse, body):
    return [str(read) for _, _, read in parse([(feed, Fetched(200, body))])]
odd = b"<rss version='2.0'><channel><item><title>Odd & good</title></item></channel></rss>"
slow = b"<rss version='2.0'><channel>" + b"<item><title>&x</title></item>" * 500_000
"""
KILLED = """
parse = ChildParse(Children(seconds=2))
read(parse, odd)
print(*[child.pid for child in active_children()], flush=True)
read(parse, slow)
"""
FORKED = """
children = Children()
parse = ChildParse(children)
assert "Odd" in read(parse, odd)[0]
pid = os.fork()
if not pid:  # as a task of Airflow does, which ends without the ceremonies of Python
    children.close()
    found = read(parse, odd)[0]
    children.close()
    os._exit("Odd" not in found)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert "Odd" in read(parse, odd)[0]
children.close()
print(code, len(active_children()))
"""


def program(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM + script], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_closing_ends_the_children() -> None:
    before = set(active_children())
    with Children() as children:
        parse = ChildParse(children)
        assert titles(said(parse, ODD)[ODD]) == ["Odd & good"]
        mine = set(active_children()) - before
        assert mine
    assert not mine & set(active_children())
    assert not any(alive(child.pid or 0) for child in mine)
    assert titles(said(parse, ODD)[ODD]) == ["Odd & good"], "it may be used again"
    children.close()


def test_children_end_with_a_program_that_was_killed() -> None:
    with program(KILLED) as running:
        assert running.stdout
        pids = [int(pid) for pid in running.stdout.readline().split()]
        assert len(pids) == 2
        time.sleep(0.3)
        os.kill(running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in pids if alive(pid)]


def test_a_task_that_was_forked_has_children_of_its_own() -> None:
    with program(FORKED) as running:
        assert running.stdout
        assert running.stdout.read() == "0 0\n"
