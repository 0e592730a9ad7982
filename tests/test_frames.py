"""The words around the news, in the language of the subscription."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from alerts import digests, render, summaries
from alerts.model import Alert, Digest, Kind, Rule, Spike
from alerts.render.frames import frame
from tests.newsroom import SLOT, article, development, story, subscription

TITLES = ("이란, 국제 사찰단 맞는다", "중국, 이란 항구 대출 중단", "미국 관세 발표")
RULES = (Rule("하나", "이란", "flash"), Rule("둘", "무역", "urgent"), Rule("셋", "항구", "routine"))
LINK = "https://tocsin.example/d/1"
VOLUME = (0, 0, 1, 3, 2, 0, 8, 4, 0, 0, 0, 1)
HOME = timezone(timedelta(hours=9))


def a_digest(kind: Kind, lang: str = "ko") -> Digest:
    """A digest in which everything but the frame is Korean: three stories with all that a story may have."""
    texts = [
        "정부는 25% 관세를 부과한다고 밝혔다. 대변인은 “협상은 계속된다”고 말했다.",
        "최소 12명이 숨졌다고 당국이 밝혔다.",
        "대출액은 35억 달러라고 한다.",
    ]
    news, known = [], {}
    for n, (title, text) in enumerate(zip(TITLES, texts, strict=True)):
        many = [
            article(f"{n}{k}", f"{title} {k}", f"매체{k}", 1 + k, text=text, lang="ko", url="")
            for k in range(2 + 14 * (n == 0))
        ]
        reasons = ("new story", "new facts: 25%", "correction: 12", "confirmed: 2")
        made = [
            development(a, f"s{n}", (RULES[n].id,), reasons[k % 4], "관세")
            for k, a in enumerate(many[: 14 if n == 0 else 1])
        ]
        news += made
        other = article(f"{n}더", "다른 제목", "다른매체", 0.5, lang="ko", url="")
        known[f"s{n}"] = story(f"s{n}", *many, other)
    s = subscription(
        kind, id="구독", title="아침", rules=tuple(rule.id for rule in RULES), lang=lang, zone="UTC", max_stories=2
    )
    made = digests.digest(s, SLOT, news, RULES, known, 3)
    made = digests.each(made, lambda told: summaries.summarise(told, known[told.story]))
    spikes = tuple(Spike("하나", "이란", SLOT - timedelta(hours=h), 9, 1.0, ("매체",), ("관세",)) for h in (2, 40))
    sections = tuple(replace(section, volume=VOLUME) for section in made.sections)
    return replace(made, spikes=spikes, link=LINK, sections=sections)


def rewritten(digest: Digest) -> Digest:
    """The same, as if a language model had been asked."""
    return digests.each(digest, lambda told: replace(told, summary=replace(told.summary, rewritten="다시 쓴 글이다.")))


def an_alert(kind: Kind) -> Alert:
    """An alert of it that is told again."""
    made = a_digest(kind)
    return Alert(replace(made.subscription, cron=""), RULES[0], made.sections[0].stories[0], SLOT - timedelta(hours=30))


def foreign(words: str) -> list[str]:
    """The words in Latin letters, without the name of the clock's zone."""
    return re.findall(r"[A-Za-z]{2,}", words.replace("(UTC)", "").replace(LINK, ""))


def shown(body: Any) -> str:
    """All texts of Slack's blocks."""
    if isinstance(body, dict):
        return " ".join(
            shown(v) if k != "text" or not isinstance(v, str) else v
            for k, v in body.items()
            if k not in ("type", "url")
        )
    return " ".join(map(shown, body)) if isinstance(body, list) else ""


@pytest.mark.parametrize(
    "make", [a_digest, lambda kind: rewritten(a_digest(kind)), an_alert], ids=["digest", "rewritten", "alert"]
)
def test_no_fixed_word_is_left_in_english(make: Any) -> None:
    write = render.alert if make is an_alert else render.digest
    mail, slack = write(make("mail")), write(make("slack"))
    assert foreign(mail.text) == []
    assert foreign(mail.subject) == []
    sheet = re.sub(r"<style>.*?</style>|<!--.*?-->|<[^>]*>", " ", mail.html, flags=re.DOTALL)
    assert foreign(re.sub(r"&[a-z]+;", " ", sheet)) == []
    assert 'lang="ko"' in mail.html
    for part in (slack, *slack.rest):
        assert foreign(shown(json.loads(part.body)["blocks"])) == []


def test_the_same_digest_in_english_has_all_its_words() -> None:
    """The test above would also pass if nothing were shown."""
    said = render.digest(rewritten(a_digest("mail", "en"))).text
    for words in (
        "In this digest:", "More than usual", "articles between", "usually 1 an hour", "on 29 Jun", "and 1 more story",
        "3 developments held back by silences", "Rewritten by a machine", "Figures", "Matched 이란:", "Also in:", "flash · 16 independent outlets · ", " h ago", "2 stories of 3, with 15 developments",
        "earlier development", "You get this because", "[flash]", "▁▁▂▄▃▁█▅▁▁▁▂ 19 articles in 24 hours, most at 17:00–19:00 (8)", "In the browser, with what did not fit: https", "new facts: 25%", "Wednesday 1 July 2026",
    ):  # fmt: skip
        assert words in said, words


WORDS = [
    ("a day", lambda w: w.day(datetime(2026, 7, 1, tzinfo=HOME)), "Wednesday 1 July 2026", "2026년 7월 1일 수요일"),
    ("a date", lambda w: w.date(datetime(2026, 7, 1, tzinfo=HOME)), "1 Jul", "7월 1일"),
    ("one", lambda w: w.count(1, "story", "stories"), "1 story", "기사 1건"),
    ("many", lambda w: w.count(2, "story", "stories"), "2 stories", "기사 2건"),
    ("a reason keeps what was found", lambda w: w.reason("new facts: 25%"), "new facts: 25%", "새로운 사실: 25%"),
    ("a reason that nobody knows", lambda w: w.reason("x"), "x", "x"),
]


@pytest.mark.parametrize(("why", "say", "english", "korean"), WORDS, ids=[case[0] for case in WORDS])
def test_dates_plurals_and_reasons(why: str, say: Any, english: str, korean: str) -> None:
    assert (say(frame("en")), say(frame("ko"))) == (english, korean)
