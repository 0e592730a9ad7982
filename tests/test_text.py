"""Text: folding, words, plain text, cutting, figures."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import text

FOLDS = [
    ("case", "IRAN", "iran"),
    ("Latin diacritics", "Téhéran", "teheran"),
    ("German sharp s", "Straße", "strasse"),
    ("strokes", "Łódź, Ørsted, Đà, ışık", "lodz, orsted, da, isik"),
    ("letters of two", "Œuvre Æther", "oeuvre aether"),
    ("digits of other scripts", "۲۵ २५ ٢٥", "25 25 25"),
    ("soft hyphens", "Ira\u00adni\u00adan", "iranian"),
    ("Urdu heh", "تہران", "تهران"),
    ("Arabic ta marbuta", "القاهرة", "القاهره"),
    ("Cyrillic stress", "за\u0301мок Ки\u0301їв", "замок київ"),
    ("Macedonian letters stay", "Ѓорѓи", "ѓорѓи"),
    ("Hindi dots", "ग़ाज़ा", "गाजा"),
    ("Armenian ew", "Երևան ԵՐԵՎԱՆ Երեւան", "երեվան երեվան երեվան"),
    ("full width", "Ｉｒａｎ", "iran"),
    ("Turkish dotted capital", "İran", "iran"),
    ("Arabic hamza under alef", "إيران", "ایران"),
    ("Arabic yeh and Persian yeh", "ايران", "ایران"),
    ("tatweel", "ایـــران", "ایران"),
    ("Arabic vowel points", "إِيرَان", "ایران"),
    ("zero-width joiner", "نفت\u200cکش", "نفتکش"),
    ("Cyrillic yo", "ёлка", "елка"),
    ("Cyrillic short i stays", "Китай", "китай"),
    ("Hangul stays whole", "이란", "이란"),
    ("Japanese voicing stays", "が", "が"),
]


@pytest.mark.parametrize(("what", "word", "folded"), FOLDS, ids=[f[0] for f in FOLDS])
def test_fold(what: str, word: str, folded: str) -> None:
    assert text.fold(word) == folded, what


@given(st.text())
def test_folding_twice_is_folding_once(word: str) -> None:
    assert text.fold(text.fold(word)) == text.fold(word)


@given(st.text())
def test_tokens_stand_where_they_say(written: str) -> None:
    found = text.tokens(written)

    assert all(text.fold(written[t.start : t.end]) == t.word for t in found)
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))


WORDS = [
    ("an apostrophe parts", "Iran's", ["iran", "s"]),
    ("a hyphen parts", "oil-for-food", ["oil", "for", "food"]),
    ("full stops part", "U.S.", ["u", "s"]),
    ("an underscore parts", "a_b", ["a", "b"]),
    ("Persian joiners do not", "نفت\u200cکش", ["نفتکش"]),
    ("Hindi vowel signs do not", "ईरान पर", ["ईरान", "पर"]),
    ("a soft hyphen does not", "Ira\u00adnian oil", ["iranian", "oil"]),
    ("an apostrophe that is a letter to Unicode does", "L\u02bcIran", ["l", "iran"]),
    ("an Armenian question mark does not", "Իրա՞ն", ["իրան"]),
    ("a blank without width does", "oil\u200bprice", ["oil", "price"]),
    ("but not in Khmer", "ប្រទេស\u200bអ៊ី", ["ប្រទេសអ៊ី"]),
    ("Tibetan vowels do not", "བོད་", ["བོད"]),
    ("Chinese runs on", "美国对伊朗", ["美国对伊朗"]),
]


@pytest.mark.parametrize(("what", "written", "words"), WORDS, ids=[w[0] for w in WORDS])
def test_tokens(what: str, written: str, words: list[str]) -> None:
    assert [t.word for t in text.tokens(written)] == words, what


PLAIN = [
    ("tags", "<p>Oil <b>rises</b></p>", "Oil rises"),
    ("paragraphs are parted", "<p>one</p><p>two</p>", "one two"),
    ("entities", "Q&amp;A &lt;3", "Q&A <3"),
    ("scripts are no text", "<script>alert(1)</script>hello<style>p{}</style>", "hello"),
    ("a text with a lone ampersand", "AT&T rises", "AT&T rises"),
    ("control characters", "a\x00b\x1bc", "a b c"),
    ("direction overrides", "a\u202eb", "a b"),
    ("line breaks", "a\r\nBcc: x", "a Bcc: x"),
]


@pytest.mark.parametrize(("what", "html", "expected"), PLAIN, ids=[p[0] for p in PLAIN])
def test_plain(what: str, html: str, expected: str) -> None:
    assert text.plain(html) == expected, what


def test_plain_looks_at_no_more_than_its_limit() -> None:
    assert len(text.plain("a" * 1_000_000)) == text.FIELD_LIMIT


@given(st.text(), st.integers(2, 80))
def test_cut_never_exceeds_its_limit(written: str, limit: int) -> None:
    shortened = text.cut(written, limit)

    assert len(shortened) <= limit
    assert shortened == written or shortened.endswith("…")
