"""Words of any script: from HTML to plain text, from text to folded tokens with their offsets.  Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

from alerts.model import LEAD_WORDS

FIELD_LIMIT = 65_536
"""The most characters of one field of an entry that are looked at; HTML parsers are quadratic in places."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")

# Scripts that do not space their words, by how long a word is, and the one that spaces them but joins particles.
HAN_KANA = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
THAI_KIN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc"
SPACELESS = HAN_KANA + THAI_KIN + HANGUL
"""The letters of these scripts, for a character class of a regular expression."""
_SPACELESS = re.compile(f"[{SPACELESS}]")
# What counts as one word of a lead: two letters of Chinese or Japanese, four of Thai, else what stands between blanks.
_UNIT = re.compile(f"(?:[{HAN_KANA}]{{1,2}}|[{THAI_KIN}]{{1,4}})[^\\w\\s]*|[^\\s{HAN_KANA}{THAI_KIN}]+")

# What goes on with a word and is no letter to Python: accents, vowel points, the vowel signs of Asian scripts, and the
# Armenian signs for a question and a cry, which stand over a letter.  A frame around a letter (a keycap) is no part of
# it.  Signs beyond the first 65,536 are few and would make the expression five times slower.
_FRAMES = range(0x20D0, 0x2100)
_MARKS = "\u055b\u055c\u055e\U000e0100-\U000e01ef" + "".join(
    chr(code) for code in range(0x300, 0x10000) if code not in _FRAMES and unicodedata.category(chr(code))[0] == "M"
)
# What nobody sees inside a word: which way to write, whether letters are joined, where a line may be broken.  A soft
# hyphen may begin a word, so that it is never taken for a blank.
_UNSEEN, _SOFT_HYPHEN = "\u061c\u180e\u200c-\u200f\u2060", "\u00ad"
_WORD = re.compile(f"[\\w{_SOFT_HYPHEN}][\\w{_MARKS}{_UNSEEN}{_SOFT_HYPHEN}]*(?<![{_UNSEEN}])")
# What \w takes for a letter and is none: the underscore, and apostrophes (Iran's may be typed in five ways).
_NO_LETTERS = "_\u02bb\u02bc\u02bd"
# A blank without width parts no words in scripts that have no blanks: it says there where a line may be broken.
_LINE_END = re.compile(f"(?<=[{HAN_KANA}{THAI_KIN}])\u200b+(?=[{HAN_KANA}{THAI_KIN}])")

# Letters that one writer types for another (Arabic, Persian, Urdu), or with a stroke that another leaves out.
_TYPED = {
    **dict(zip("يىكڪہۃةەٱ", "ییککهههها", strict=True)),
    **dict(zip("ıłøđðħŧ", "iloddht", strict=True)),
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
}
# What is no letter at all: tatweel, the half rings and primes of transliteration, and what nobody sees.
_NOTHING = (
    *"\u0640\u02b9\u02ba\u02be\u02bf\u055b\u055c\u055e\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060",
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
)
_SEEN = str.maketrans(dict.fromkeys(_NOTHING, ""))
_SAME = str.maketrans(_TYPED | dict.fromkeys(_NOTHING, ""))
_GRAVE, _ACUTE, _DIAERESIS, _NUKTA = "\u0300", "\u0301", "\u0308", "\u093c"
# A vowel of Thai below its tone, where the keys were struck in the other order: the two look the same.
_TONE_FIRST = re.compile("([\u0e48-\u0e4b])\u0e4d")


class Token(NamedTuple):
    """A word as it is compared (``word``), and where it stands in the text that it was read from."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Fold case, width, digits, diacritics and strokes of Latin and Greek, and vowel points of Arabic and Hebrew.

    >>> fold("Teherán"), fold("ＩＲＡＮ"), fold("إيران"), fold("이란"), fold("Łódź"), fold("۲۵")
    ('teheran', 'iran', 'ایران', '이란', 'lodz', '25')
    """
    folded = unicodedata.normalize("NFKC", word).casefold()
    if folded.isascii():
        return folded
    kept, base = [], ""
    for letter in unicodedata.normalize("NFD", folded).translate(_SAME):
        if not unicodedata.combining(letter):
            base = letter
        elif _is_ornament(letter, base):
            continue
        kept.append(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter)
    joined = unicodedata.normalize("NFC", "".join(kept))
    # The Armenian ligature of e and v has two forms in capitals, and each is spelt out in two ways.
    return _TONE_FIRST.sub("\u0e4d\\1", joined).replace("եւ", "եվ")


def seen(word: str) -> str:
    r"""Drop the signs that nobody sees: soft hyphens, joiners, marks of direction.

    >>> seen("Pa\u00adrá")
    'Pará'
    """
    return word.translate(_SEEN)


def _is_ornament(mark: str, base: str) -> bool:
    """Whether a mark makes no other letter of the one that it stands on, to those who write the language.

    Accents on Cyrillic show the stress, but й, ї and ѓ are letters.  Hindi is printed with its dots and without.
    """
    if base < "\u0400" or "\u0590" <= base < "\u0900" or mark == _NUKTA:
        return True
    return (mark in (_GRAVE, _ACUTE) and base < "\u0530" and base not in "гк") or (mark == _DIAERESIS and base == "е")


def tokens(text: str) -> tuple[Token, ...]:
    """Split into words by Unicode's letters and digits; punctuation separates.

    >>> [t.word for t in tokens("Iran's U.S. 25% نفت‌کش")]
    ['iran', 's', 'u', 's', '25', 'نفتکش']
    """
    return tuple([Token(fold(found[0]), *found.span()) for found in words_in(text)])


def folds(text: str) -> list[str]:
    """Give the folded words alone, at a quarter of the cost of ``tokens``.

    >>> folds("Iran's U.S. 25%")
    ['iran', 's', 'u', 's', '25']
    """
    return [fold(word) for word in _WORD.findall(_parted(text))]


def words_in(text: str) -> Iterator[re.Match[str]]:
    """Find the words of a text one by one, as they are printed."""
    return _WORD.finditer(_parted(text))


def _parted(text: str) -> str:
    """Put a blank for each sign that only looks like a letter; every other stays where it is."""
    if text.isascii():
        return text.replace("_", " ")
    for sign in _NO_LETTERS:
        text = text.replace(sign, " ")
    if "\u200b" in text:
        text = _LINE_END.sub(lambda found: "\u2060" * len(found[0]), text)
    return text


def is_spaceless(word: str) -> bool:
    """Whether the word is of a script that runs words together or joins particles to them: Han, Kana, Hangul, Thai."""
    return _SPACELESS.search(word) is not None


def plain(html: str) -> str:
    r"""Give the text of a piece of HTML, or of text that is none, on one line, without control characters.

    Only the first 65,536 characters are looked at.

    >>> plain("<p>Oil &amp; gas<script>x()</script></p>\n<p>rise</p>")
    'Oil & gas rise'
    """
    cut = html[:FIELD_LIMIT]
    if "<" in cut or "&" in cut:
        tree = LexborHTMLParser(cut)
        tree.strip_tags(["script", "style", "template", "noscript"])
        cut = tree.body.text(separator=" ") if tree.body else ""
    return one_line(cut)


def one_line(text: str) -> str:
    """Drop control characters and text-direction overrides, and make every run of white space one blank."""
    if not text.isprintable():  # as nearly all is
        text = _CONTROL.sub(" ", text)
    return " ".join(text.split())


def lead_end(text: str, words: int = LEAD_WORDS) -> int:
    """Find where the first 60 words end; in scripts that do not space them, letters are counted instead.

    >>> lead_end("a b c d", 2), lead_end("美国对伊朗", 2)
    (3, 4)
    """
    if text.isascii():
        cut = text.split(None, words)
        rest = len(cut[-1]) if len(cut) > words else 0
        return len(text[: len(text) - rest].rstrip())
    end = 0
    for unit in islice(_UNIT.finditer(text), words):
        end = unit.end()
    return end


def lead(text: str, words: int = LEAD_WORDS) -> str:
    """Give the first 60 words.

    >>> lead("a b c d", 2)
    'a b'
    """
    return " ".join(text[: lead_end(text, words)].split())


def cut(text: str, limit: int) -> str:
    """Shorten to at most ``limit`` characters at a word's end, with an ellipsis as the mark of cutting.

    >>> cut("protests are put down", 14)
    'protests are…'
    """
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    spaced = head.rsplit(" ", 1)[0]
    return (spaced if len(spaced) > limit // 2 else head).rstrip(" ,;:–—") + "…"


_CREDIT = re.compile(r"\s+[-–—|]\s+(?:\S+\s*){1,4}$")


def uncredited(title: str) -> str:
    """Take off the name of an outlet that an aggregator puts behind a headline: up to four words behind a dash.

    What is left of a headline that has a dash of its own is still its beginning.

    >>> uncredited("Iran cuts off the internet again - The Harbour Post")
    'Iran cuts off the internet again'
    """
    return _CREDIT.sub("", title)


def primary(lang: str) -> str:
    """Give the primary subtag of a language.

    >>> primary("en-GB"), primary("")
    ('en', '')
    """
    return lang.partition("-")[0].lower()


COMMON_WORDS = frozenset(
    fold(word)
    for word in (
        "a about after against all also an and any are as at be been before but by can could did do for from "
        "had has have he her him his how i if in into is it its more most my new no not now of on one or our "
        "out over said say says she so some such than that the their them then there these they this those to "
        "under until up us was we were what when where which while who will with would you your "
        "و در به از با که را این آن برای است شد شده بر تا یا هم می نیز خود کرد کرده گفت بود یک ها های "
        "في من على إلى عن أن إن ما لا هذا هذه التي الذي مع كما بعد قال "
        "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an er hat aus bei "
        "le la les de des du et en un une que qui dans pour par sur au aux est il elle se ce "
        "el los las y del que en por con para una su al lo como más "
        "w i z na do się nie że o jest po za od jak przez"
    ).split()
)
"""Folded function words of the languages that are met most; they say nothing of what a text is about."""
