"""Our pages in a real browser: whatever a feed says, nothing is run and nobody is asked for anything.

The vectors are our own, made of ways out of a place, of elements, and of disguises; where the lists of others are at
hand, theirs too.
"""

import itertools
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from alerts import render
from alerts.model import Alert, Cited, Digest, Measure, Quote, Rule, Section, Source, Summary, Told
from tests import newsroom
from tests.chromium import Browser, Seen, browser

HOSTILE = Path(__file__).parents[3] / "shared/data/hostile.tar.gz"
AT_ONCE = 25
"""Vectors of one page: so many that the page is below the limit of mail, beyond which stories are left out."""

OUT = (
    "",
    '">',
    "'>",
    "</title>",
    "</style>",
    "</textarea>",
    "-->",
    "</a></div></td></table>",
    "]]>",
    '" ',
    "}}{% endraw %}",
)
THINGS = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg/onload=alert(1)//"),
    *(
        "<body onload=alert(1)>",
        "<iframe src=javascript:alert(1)>",
        "<a href=javascript:alert(1)>x</a>",
        "<base href=//evil.example/>",
    ),
    *(
        "<details open ontoggle=alert(1)>",
        "<input autofocus onfocus=alert(1)>",
        "<video><source onerror=alert(1)></video>",
    ),
    *("<link rel=stylesheet href=//evil.example/a.css>", "<meta http-equiv=refresh content=0;url=//evil.example/>"),
    *(
        "<object data=//evil.example/a>",
        "<embed src=//evil.example/a>",
        "<style>@import '//evil.example/a.css';</style>",
    ),
    *(
        "<div style=background:url(//evil.example/a)>",
        "<form action=javascript:alert(1)><button autofocus>",
        "onmouseover=alert(1) x=",
    ),
    *(
        "<math><mi xlink:href=javascript:alert(1)>",
        "<img src=//evil.example/a.png>",
        "<template><img src=x onerror=alert(1)></template>",
    ),
)
DISGUISES: tuple[Callable[[str], str], ...] = (
    lambda v: v,
    lambda v: v.replace("<", "&lt;").replace(">", "&gt;"),
    lambda v: v.replace("<", "\\u003c"),
    lambda v: v.upper().replace("ALERT(1)", "alert(1)"),
    lambda v: v.replace("script", "scr\0ipt").replace("onerror", "one\trror"),
    lambda v: v.replace(" ", "\x0c").replace("<", "<\u200b"),
)
VECTORS = [
    *dict.fromkeys(out + thing for out, thing in itertools.product(OUT, THINGS)),
    *dict.fromkeys(disguise('">' + thing) for disguise, thing in itertools.product(DISGUISES[1:], THINGS)),
]

SCHEMES = (
    *(
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "javascript&colon;alert(1)",
        "\x01javascript:alert(1)",
    ),
    *(
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "//evil.example/",
        "https:javascript:alert(1)",
    ),
)


@cache
def vectors_of_others() -> tuple[str, ...]:
    """Vectors that others have collected, a line each."""
    if not HOSTILE.exists():
        return ()
    found: list[str] = []
    with tarfile.open(HOSTILE) as folder:
        for member in folder:
            file = folder.extractfile(member)
            words = file.read().decode("utf-8", "replace") if file else ""
            if (
                member.name.endswith("h5sc/vectors.txt")
                or "/XSS Injection/" in member.name
                or "XSS_Filter" in member.name
            ):
                found += [line for line in words.splitlines() if re.search("[<(:]", line)]
            elif member.name.endswith("h5sc/items.json"):
                found += [str(item["data"]) for item in json.loads(words)]
            elif member.name.endswith("tests1.dat"):
                found += [case["input"] for case in json.loads(words)]
    return tuple(dict.fromkeys(found))


# ── where a vector is put ────────────────────────────────────────────────────────────────────────────────────────────

PLAIN = newsroom.NIGHT[2].match.article
SOURCE = Source("a@v1", "BBC News", "https://bbc.example/a")


def told(n: int, vector: str, field: str) -> Told:
    """A story with the vector in one of its fields."""
    a = replace(PLAIN, id=f"a{n}", title=f"marker-{n}")
    source = replace(
        SOURCE, url=vector if field == "url" else SOURCE.url, outlet=vector if field == "outlet" else "BBC"
    )
    changes = {field: vector} if field in ("title", "url", "outlet") else {}
    news = newsroom.development(
        replace(a, **changes),
        f"s{n}",
        ("iran",),
        vector if field == "reason" else "new story",
        vector if field == "matched" else "Iran",
    )
    return Told(
        story=f"s{n}",
        headline=vector if field == "title" else f"marker-{n}",
        developments=(news, replace(news, reason="new facts: 25%")),
        also_in=(vector if field == "also in" else "CNN",),
        figures=(vector if field == "figures" else "25% tariff",),
        summary=Summary(
            sentences=(Cited(vector if field == "summary" else "Words.", source), Cited("More.", SOURCE)),
            measures=(Measure("25%", vector if field == "figures" else "tariff", source),),
            quotes=(Quote(vector if field == "speaker" else "He", vector if field == "quotes" else "No", source),),
            rewritten=vector if field == "rewritten" else "",
        ),
    )


FIELDS = (
    *("title", "summary", "outlet", "url", "rule title", "figures", "quotes", "speaker"),
    *("reason", "matched", "also in", "rewritten", "subscription"),
)


def pages(field: str, vectors: list[str]) -> Iterator[tuple[str, int]]:
    """Digests, and one alert, with every vector in this field; and how many markers each must show."""
    s = newsroom.subscription("mail", title=vectors[0] if field == "subscription" else "News")
    for first in range(0, len(vectors), AT_ONCE):
        some = vectors[first : first + AT_ONCE]
        sections = tuple(
            Section(Rule("iran", vector if field == "rule title" else "Iran"), (told(n, vector, field),))
            for n, vector in enumerate(some)
        )
        own = replace(s, title=some[0]) if field == "subscription" else s
        yield render.digest(Digest(own, newsroom.SLOT, sections)).html, len(some)
        if field == "subscription":
            for vector in some:
                yield render.alert(Alert(replace(s, title=vector), Rule("iran", "Iran"), told(0, "x", field))).html, 1
    yield render.alert(Alert(s, sections[-1].rule, sections[-1].stories[0])).html, 1


# ── in the browser ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as found:
        yield found


def look(tab: Browser, folder: Path, html: str) -> Seen:
    page = folder / "page.html"
    page.write_text(html, "utf-8", "replace")
    return tab.open(page)


@pytest.mark.parametrize("field", FIELDS)
def test_nothing_is_run_and_nobody_is_asked(tab: Browser, tmp_path: Path, field: str) -> None:
    """At least 300 vectors in each field."""
    vectors = [
        *VECTORS,
        *SCHEMES,
        *(f"https://example.org/{vector}" for vector in (*SCHEMES, *VECTORS[::3] * (field == "url"))),
    ]
    assert len(set(vectors)) >= 300
    if field == "title":
        vectors += vectors_of_others()
    elif field == "subscription":
        vectors = vectors[::10]
    for html, markers in pages(field, vectors):
        assert "Cut short" not in html
        seen = look(tab, tmp_path, html)
        assert (seen.ran, seen.asked, seen.holds) == ([], [], [])
        assert field == "title" or seen.text.count("marker-") >= markers


def test_the_browser_would_have_told(tab: Browser, tmp_path: Path) -> None:
    """The same vectors, in a page that escapes nothing: most of them run or ask, and all are seen to be there."""
    ran = asked = held = 0
    live = [out + thing for out in ('">',) for thing in THINGS]
    for vector in live:
        seen = look(tab, tmp_path, f'<!doctype html><body><p title="{vector}">{vector}</p></body>')
        ran += bool(seen.ran)
        asked += bool(seen.asked)
        held += bool(seen.ran or seen.asked or seen.holds)
    assert ran >= 8
    assert asked >= 6
    assert held >= len(live) - 3


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1000, 390])
def test_a_digest_fits_its_window_and_can_be_read(tab: Browser, tmp_path: Path, width: int, dark: bool) -> None:
    page = tmp_path / "page.html"
    page.write_text(render.digest(newsroom.digest()).html)
    assert tab.picture(page, width=width, dark=dark).startswith(b"\x89PNG")
    assert tab.run("document.documentElement.scrollWidth") <= width
    low = tab.run(CONTRAST)
    assert low == []


CONTRAST = """
(() => {
  const light = c => {
    const [r, g, b] = c.match(/\\d+/g).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = getComputedStyle(document.body).backgroundColor, low = [];
  for (const node of document.body.querySelectorAll('*')) {
    if (![...node.childNodes].some(n => n.nodeType == 3 && n.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(node.textContent.trim().slice(0, 40));
  }
  return low;
})()
"""
"""Texts whose contrast is below 4.5 : 1, which WCAG 2.2 asks for (1.4.3)."""
