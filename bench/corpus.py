"""The articles and rules of the benchmarks: real news if it is there, texts written here if it is not."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from alerts.model import Article, Rule, Watchlist
from alerts.text import folds, one_line

SHARED = Path(__file__).parents[2] / "shared" / "data"
SEED = 20260701
SEEN = datetime(2026, 7, 1, tzinfo=UTC)
LOW, HIGH = 500, 900
"""The words of an article "of about 600 words"."""

# The words that no rule would ask for by themselves: those that stand in more than this share of the articles.
COMMON = 0.05

_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: [A-Z][a-z]+){1,2}")
_PAIR = re.compile(r"(?<![\w'])[a-z]{4,} [a-z]{4,}(?![\w'])")
_SINGLE = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}")


def articles(count: int) -> tuple[list[Article], str]:
    """Give articles of about 600 words, and where they come from."""
    texts = _real()
    if len(texts) < count:
        return [_article(i, "Written for the bench", text) for i, text in enumerate(_written(count))], "written here"
    random.Random(SEED).shuffle(texts)
    return [_article(i, title, text) for i, (title, text) in enumerate(texts[:count])], "BBC and Reuters"


def _article(number: int, title: str, text: str) -> Article:
    return Article(f"a{number}", "v", "feed", "Outlet", f"https://example.org/{number}", title, text, SEEN, lang="en")


def _real() -> list[tuple[str, str]]:
    """Take the BBC articles of that length, and Reuters reports of one day and subject joined to that length."""
    found: list[tuple[str, str]] = []
    bbc, reuters = SHARED / "summ_bbc.jsonl.gz", SHARED / "reuters21578_train.jsonl.gz"
    if not (bbc.exists() and reuters.exists()):
        return []
    for line in gzip.open(bbc, "rt", encoding="utf-8"):
        title, _, text = json.loads(line)["article"].partition("\n")
        found.append((title, one_line(text)))
    joined, title = "", ""
    for line in gzip.open(reuters, "rt", encoding="utf-8"):
        one = json.loads(line)
        joined, title = f"{joined} {one_line(one.get('body') or '')}", title or one["title"]
        if len(joined.split()) >= LOW:
            found.append((title, joined.strip()))
            joined, title = "", ""
    return [(title, text) for title, text in found if LOW <= len(text.split()) <= HIGH]


def _written(count: int) -> list[str]:
    """Write texts whose words are as unequal as those of real ones (Zipf), with names in them."""
    pick = random.Random(SEED)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = ["".join(pick.choices(syllables, k=pick.randint(1, 4))) for _ in range(20_000)]
    names = [word.capitalize() for word in words[5_000:]]
    weights = [1 / (rank + 10) for rank in range(len(words))]
    made = []
    for _ in range(count):
        said = pick.choices(words, weights, k=pick.randint(500, 700))
        for at in range(20, len(said) - 3, 25):
            said[at : at + 2] = pick.choices(names, k=2)
        made.append(" ".join(said) + ".")
    return made


class Vocabulary:
    """What rules may ask for, taken from the articles themselves: names, phrases of two words, and plain words."""

    def __init__(self, texts: list[str]) -> None:
        spread = Counter(word for text in texts for word in set(folds(text)))
        most = COMMON * len(texts)
        self.words = sorted(w for w, n in spread.items() if n <= most and len(w) > 3 and w.isalpha())
        common = {w for w, n in spread.items() if n > most}
        self.names = sorted({name for text in texts for name in _NAME.findall(text)})
        singles = {name for text in texts for name in _SINGLE.findall(text)}
        self.singles = sorted(name for name in singles if folds(name)[0] not in common)
        self.pairs = sorted({pair for text in texts for pair in _pairs(text, common)})


def _pairs(text: str, common: set[str]) -> list[str]:
    return [pair for pair in _PAIR.findall(text) if not common & set(pair.split())]


WATCHLISTS = {
    "iran": Watchlist("iran", ("Iran", "Iranian*", "Tehran", "Teheran", "Khamenei", "ایران", "Иран*", "伊朗", "이란")),
    "opec": Watchlist("opec", ("OPEC", "oil cartel", "Petroleum Exporting Countries")),
    "music": Watchlist("music", ("album*", "singer*", "rock band", "Grammy*")),
}


def rules(count: int, said: Vocabulary) -> list[Rule]:
    """Write rules as analysts do: a name and what it is about, aliases of one subject, phrases, words near each other.

    The first hundred of a thousand rules are the hundred rules of the smaller bench.
    """
    pick = random.Random(SEED)
    kinds = [kind for kind, share in _KINDS.items() for _ in range(share)]
    return [pick.choice(kinds)(f"r{number}", pick, said) for number in range(count)]


def _subject(name: str, pick: random.Random, said: Vocabulary) -> Rule:
    return Rule(name, name, all=(pick.choice(said.names),), any=tuple(pick.sample(said.words, 3)))


def _aliases(name: str, pick: random.Random, said: Vocabulary) -> Rule:
    about, never = pick.sample(said.words, 2)
    return Rule(name, name, any=tuple(pick.sample(said.names, 2)), all=(about,), none=(never,))


def _phrase(name: str, pick: random.Random, said: Vocabulary) -> Rule:
    pair, word, other = pick.choice(said.pairs), pick.choice(said.words), pick.choice(said.words)
    beginning = pick.choice(said.words)[:6]
    return Rule(name, name, match=f'"{pair}" AND ({beginning}* OR {word}) AND NOT {other}')


def _two_names(name: str, pick: random.Random, said: Vocabulary) -> Rule:
    return Rule(name, name, all=(pick.choice(said.singles), pick.choice(said.singles)))


def _lead(name: str, pick: random.Random, said: Vocabulary) -> Rule:
    return Rule(name, name, any=(f"lead:{pick.choice(said.names)}", f"title:{pick.choice(said.singles)}"))


def _near(name: str, pick: random.Random, said: Vocabulary) -> Rule:
    return Rule(name, name, match=f"{pick.choice(said.singles)} NEAR/10 {pick.choice(said.words)}")


def _watched(name: str, pick: random.Random, said: Vocabulary) -> Rule:
    beginning = pick.choice(said.words)[:6]
    watchlist = pick.choice(sorted(WATCHLISTS))
    return Rule(name, name, all=(f"@{watchlist}", f"{beginning}*", pick.choice(said.words)))


_KINDS = {_subject: 30, _aliases: 10, _phrase: 20, _two_names: 15, _lead: 5, _near: 10, _watched: 10}
