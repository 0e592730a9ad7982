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

# Marks that belong to the word that they stand in, and joiners that only shape it.
_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d\u3099\u309a"
)
# In the scripts of India and in Thai, Lao, Burmese and Khmer a vowel sign is no letter to Unicode; to readers it is.
_SIGNS = (
    "\u0900-\u0963\u0971-\u0e3a\u0e40-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u17b4-\u17d3"
)
_WORD = re.compile(f"(?:[^\\W_{_SIGNS}]|[{_SIGNS}])(?:[^\\W_]|[{_SIGNS}{_MARKS}])*")
_SPACE = re.compile(r"\s+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")

# Letters that one writer types for another: Arabic and Persian yeh and kaf, Cyrillic yo.
# Tatweel and joiners are no letters at all.
_SAME = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ё": "е", "\u0640": None, "\u200c": None, "\u200d": None})

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


class Token(NamedTuple):
    """A word as it is compared (``word``), and where it stands in the text that it was read from."""

    word: str
    start: int
    end: int


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Fold case, width, diacritics of Latin and Greek, and vowel points of Arabic and Hebrew.

    >>> fold("Teherán"), fold("ＩＲＡＮ"), fold("إيران"), fold("이란")
    ('teheran', 'iran', 'ایران', '이란')
    """
    folded = unicodedata.normalize("NFKC", word).casefold()
    if folded.isascii():
        return folded
    kept, base = [], 0
    for letter in unicodedata.normalize("NFD", folded):
        if not unicodedata.combining(letter):
            base = ord(letter)
        elif base < 0x0400 or 0x0590 <= base < 0x0900:
            continue
        kept.append(letter)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_SAME)


def tokens(text: str) -> tuple[Token, ...]:
    """Split into words by Unicode's letters and digits; punctuation separates.

    >>> [t.word for t in tokens("Iran's U.S. 25% نفت‌کش")]
    ['iran', 's', 'u', 's', '25', 'نفتکش']
    """
    return tuple([Token(fold(found[0]), *found.span()) for found in _WORD.finditer(text)])


def folds(text: str) -> list[str]:
    """Give the folded words alone, at a quarter of the cost of ``tokens``.

    >>> folds("Iran's U.S. 25%")
    ['iran', 's', 'u', 's', '25']
    """
    return [fold(word) for word in _WORD.findall(text)]


def words_in(text: str) -> Iterator[re.Match[str]]:
    """Find the words of a text one by one, as they are printed."""
    return _WORD.finditer(text)


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
    return _SPACE.sub(" ", _CONTROL.sub(" ", text)).strip()


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
