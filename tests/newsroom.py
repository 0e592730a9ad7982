"""A small newsroom for the tests of mail out: a story that develops over a night, another, and hostile ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts import digests, summaries
from alerts.model import (
    Alert,
    Article,
    Development,
    Digest,
    Evidence,
    Hit,
    Kind,
    Match,
    Member,
    Rule,
    Story,
    Subscription,
)

SLOT = datetime(2026, 7, 1, 5, 30, tzinfo=UTC)

IRAN = Rule("iran", "Iran", "urgent", any=("@iran",))
CHINA = Rule("china", "China", any=("china",))
TARIFFS = Rule("tariffs", "Sanctions and tariffs", "flash", any=("tariff*", "sanction*"))
RULES = (IRAN, CHINA, TARIFFS)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "Title\r\nBcc: eve@example.org",
    "=?utf-8?q?Hello=0D=0ABcc:_eve@example.org?=",
    "=?utf-8?b?SGVsbG8NCkJjYzogZXZlQGV4YW1wbGUub3Jn?=",
    "<!channel> <@U123> <https://evil.example|your bank> @here *bold* _it_ ~no~ `code` :bomb:",
    "&lt;!everyone&gt; &amp; AT&T",
    "{{ 7 * 7 }} {% raw %} ${7*7} %s %(x)s",
    "\u202eevil txt\u202c \u2066x\u2069 \ufeff",
    "\x00\x1b[31mred\x07 \u2028 line \u2029 para",
    "half a pair \ud83d and an e\u0301\u0301\u0301",
    "ا" * 5000,
    "x" * 100_000,
    "🇮🇷👩‍👩‍👧" * 300,
    "",
)

BAD_URLS = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    " https://example.org/",
    "https://example.org/\r\nX: y",
    'https://example.org/"onmouseover="alert(1)',
    "https://user:secret@example.org/",
    "//example.org/a",
    "https://example.org/" + "a" * 3000,
    "",
)


def subscription(kind: Kind = "mail", **other: object) -> Subscription:
    """A daily digest in Warsaw, unless told otherwise."""
    usual: dict[str, object] = {
        "id": "anna",
        "rules": ("iran", "china", "tariffs"),
        "channel": kind,
        "kind": kind,
        "title": "Iran, China and trade",
        "recipients": ("anna@example.org",) if kind == "mail" else ("",),
        "cron": "30 7 * * *",
        "zone": "Europe/Warsaw",
    }
    return Subscription(**(usual | other))  # type: ignore[arg-type]


def article(name: str, title: str, outlet: str = "BBC News", hour: float = 4.0, **other: object) -> Article:
    """An article seen on the morning of the slot, ``hour`` hours after midnight UTC."""
    when = datetime(2026, 7, 1, tzinfo=UTC) + timedelta(hours=hour)
    usual: dict[str, object] = {
        "id": name,
        "version": "v1",
        "feed": outlet.lower(),
        "outlet": outlet,
        "url": f"https://{outlet.lower().replace(' ', '')}.example/{name}",
        "title": title,
        "text": "",
        "seen": when + timedelta(minutes=3),
        "published": when,
        "lang": "en",
    }
    return Article(**(usual | other))  # type: ignore[arg-type]


def development(
    made_of: Article,
    story: str = "s1",
    rules: Sequence[str] = ("iran",),
    reason: str = "new story",
    words: str = "Iran",
) -> Development:
    """What is new in a story; it met the rules by these words."""
    start = max(made_of.title.find(words), 0)
    hits = tuple(Hit(rule, (Evidence(rule, "title", start, start + len(words), words),)) for rule in rules)
    return Development(story, Match(made_of, hits), reason, made_of.seen)


def story(name: str, *articles: Article, copies: Sequence[Article] = ()) -> Story:
    """A story of these articles; ``copies`` are copies of the first of them."""
    members = [
        Member(
            a.id, a.version, a.outlet, a.url, a.title, a.text, a.seen, "told", a.lang, articles[0].id * (a in copies)
        )
        for a in (*articles, *copies)
    ]
    return Story(name, members[0].seen, members[-1].seen, tuple(members))


# ── a night's news ───────────────────────────────────────────────────────────────────────────────────────────────────

CRACKDOWN = article(
    "crackdown",
    "Iran's security forces put down protests in 14 cities",
    "Al Jazeera",
    -6.5,
    text="Security forces in Iran have put down the protests that began on Sunday over the price of bread, and at "
    "least 544 people were killed and more than 10,600 arrested, the rights group HRANA said. Shops in the bazaar of "
    "Tehran stayed closed for a third day, and the internet was cut off in most of the country.",
)
CONCERN = article(
    "concern",
    "China voices concern over Iran but offers no tangible support",
    "South China Morning Post",
    1.2,
    text="Beijing, Tehran's biggest trading partner and the buyer of most of its oil, called for calm on Tuesday.",
)
TARIFF = article(
    "tariff",
    "US announces 25% tariff on all who trade with Iran",
    "The Guardian",
    3.7,
    text="The United States will levy a 25% tariff on the goods of any country that does business with Iran, the "
    "president said, in a step that would fall on China above all. Two-way trade was worth $13.4 billion last year, "
    "the WSJ reported.",
)
KOREAN = article(
    "korean",
    "미국, 이란과 거래하는 모든 나라에 25% 관세",
    "연합뉴스",
    4.4,
    lang="ko",
    text="미국이 이란과 거래하는 나라에 관세를 부과한다.",
)
PERSIAN = article(
    "persian",
    "بازار تهران برای سومین روز تعطیل شد",
    "رادیو فردا",
    2.5,
    lang="fa",
    text="بازار بزرگ تهران روز سه‌شنبه برای سومین روز پیاپی تعطیل ماند و اینترنت در بیشتر شهرها قطع بود.",
)
PORTS = article(
    "ports",
    "China halts new loans for Iranian port of Chabahar",
    "Reuters",
    0.3,
    text="China has halted a loan of 1.5 billion yuan for the port, three people familiar with the matter said.",
)
CHIPS = article(
    "chips",
    "China's exports rise 4.8 percent as shippers rush to beat deadline",
    "Xinhua",
    2.0,
    text="Exports rose 4.8 percent in June from a year before, customs said, beating the forecast of 3.1 percent.",
)
WIRE = article("wire", "US announces 25% tariff on all who trade with Iran", "Korea Herald", 4.0)
TIMES = article("times", "Tehran calls tariff threat a bluff", "Tehran Times", 4.9)

NIGHT = (
    development(CRACKDOWN),
    development(CONCERN, "s1", ("iran", "china"), "new facts: China, no support", "China"),
    development(TARIFF, "s1", ("iran", "tariffs"), "new facts: 25%", "tariff"),
    development(KOREAN, "s1", ("tariffs",), "new facts: 25%", "관세"),
    development(PERSIAN, "s2", ("iran",), "new story", "تهران"),
    development(PORTS, "s3", ("china", "iran"), "new story", "Iranian"),
    development(CHIPS, "s4", ("china",), "new story", "China's"),
)
STORIES = {
    "s1": story("s1", CRACKDOWN, CONCERN, TARIFF, KOREAN, TIMES, copies=(WIRE,)),
    "s2": story("s2", PERSIAN),
    "s3": story("s3", PORTS, article("ports-2", "Loans for port halted", "Nikkei Asia", 1.0)),
    "s4": story("s4", CHIPS),
}


def digest(kind: Kind = "mail", **other: object) -> Digest:
    """The night's digest."""
    return digest_of(NIGHT, subscription(kind, **other), STORIES)


def digest_of(
    news: Sequence[Development], s: Subscription | None = None, stories: Mapping[str, Story] | None = None
) -> Digest:
    """A digest of these developments, put in words as the line does it."""
    known = stories or {}
    made = digests.digest(s or subscription(), SLOT, news, RULES, known)
    return digests.each(made, lambda told: summaries.summarise(told, known.get(told.story)))


def alert_of(news: Development, s: Subscription, told: Story | None = None) -> Alert:
    """An alert of this development, put in words as the line does it."""
    made = digests.alert(s, [news], RULES, told)
    return replace(made, told=summaries.summarise(made.told, told))


def alert(kind: Kind = "mail", made_of: Article = TARIFF, rules: Sequence[str] = ("iran", "tariffs")) -> Alert:
    """An alert of one development of the night."""
    s = subscription(kind, cron="")
    return alert_of(development(made_of, "s1", rules, "new facts: 25%", "tariff"), s, STORIES["s1"])


def hostile(kind: Kind, words: str, url: str = "https://example.org/a", **other: object) -> tuple[Alert, Digest]:
    """An alert and a digest in which every text of the feed is hostile."""
    bad = article("bad", words, outlet=words, text=f"{words} {words}", url=url, lang=words)
    news = development(bad, "s9", ("iran",), words, words)
    told = {"s9": story("s9", bad, article("other", words, outlet=f"{words}2"))}
    s = subscription(kind, **other)
    return alert_of(news, s, told["s9"]), digest_of([news], s, told)
