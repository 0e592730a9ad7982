"""Quantities: the numbers of a text in one spelling, whatever the language and its digits.  Pure.

``1억8천만``, ``$180m``, ``180 mln`` and ``۱۸۰ میلیون`` are one number; so are ``2,25 miliona`` and ``2.25 million``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from alerts.figures import western

_SCALES = {
    1e3: "thousand tys tysięcy tysiące tausend mille mil хиляди тыс тысяч тысячи тис bin هزار ألف آلاف 千 천",
    1e4: "万 萬 만",
    1e6: "million m mn mln mio millionen milion miliona milionów miliony millions millones milhões milioni млн миллион "
    "миллиона миллионов milyon میلیون مليون ملايين ملیون 百万 백만",
    1e8: "亿 億 억",
    1e9: "billion bn b mld mrd milliarde milliarden miliard miliarda miliardów miliardy milliard milliards miliardi "
    "млрд миллиард миллиарда миллиардов milyar میلیارد مليار",
    1e12: "trillion tn bln bilion biliona bilionów billionen 조 兆 трлн",
}
_SCALE = {name: size for size, names in _SCALES.items() for name in names.split()}
_SIZES = "조|억|천만|백만|만|천|兆|億|亿|萬|万|千"
_EAST = re.compile(rf"(?:\d[\d,.]*(?:{_SIZES})\s?)+")
_PART = re.compile(rf"(\d[\d,.]*)({_SIZES})")
_EASTERN = {"천만": 1e7, "백만": 1e6} | {name: _SCALE[name] for name in "조억만천兆億亿萬万千"}
_NUMBER = re.compile(
    r"(?<![\w.,-])[$€£¥₩]?(?P<amount>\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d[\d.,٬٫’]*\d|\d)"
    r"(?:(?P<share>\s?[%٪％]|[ -](?:per ?cent|procent\w*|proc\b|prozent\w*|por ciento|процент\w*)|\s?(?:درصد|퍼센트))|"
    r"[\s-]?(?P<scale>[^\W\d_]+))?",
    re.IGNORECASE,
)
_WORDS = {
    word: n
    for n, words in enumerate(
        "one یک|two دو|three سه|four چهار|five پنج|six شش|seven هفت|eight هشت|nine نه|ten ده".split("|"), 1
    )
    for word in words.split()
}
_IN_WORDS = re.compile(rf"\b({'|'.join(_WORDS)})\s(?=million|billion|میلیون|میلیارد)", re.IGNORECASE)
# How long ago something was, and how old somebody is, is told of any two things.
_YEARS = re.compile(
    r"(?:years?|yr|lat|lata|roku|rok|letni\w*|jahre?n?|jährige?r?|ans|años|anni|лет|года?|سال|سنة|عام|년|岁|年|세)"
)
_LONG_AGO = 200
_THOUSANDS_BY_DOT = frozenset("de pl es it fr pt nl da tr id cs ru uk ro hu sv nb no fi el".split())


@lru_cache(maxsize=4_096)
def quantities(text: str, lang: str = "") -> frozenset[str]:
    """Give the numbers of a text that tell something: shares, and what has two digits or more.

    >>> sorted(quantities("이란 수출 1억8천만 달러, 25% 관세"))
    ['180000000', '25%']
    >>> sorted(quantities("Exports of $180m to Iran; a tariff of 25 per cent"))
    ['180000000', '25%']
    >>> sorted(quantities("sprzedał 2,25 miliona aut, o 28 procent więcej", "pl")), sorted(quantities("۲٬۴۰۰ نفر"))
    (['2250000', '28%'], ['2400'])
    """
    plain = _IN_WORDS.sub(lambda m: f"{_WORDS[m.group(1).lower()]} ", western(text))
    plain = _EAST.sub(_in_full, plain)
    found = (_quantity(m, lang) for m in _NUMBER.finditer(plain))
    return frozenset(one for one in found if one)


def _in_full(m: re.Match[str]) -> str:
    """Write a number in the powers of ten thousand in digits."""
    total = sum(_value(amount, "") * _EASTERN[scale] for amount, scale in _PART.findall(m.group()))
    return f" {_written(total)} "


def _quantity(m: re.Match[str], lang: str) -> str:
    """Name what was found; nothing if it is a digit alone, or counts years."""
    value = _value(m["amount"], lang)
    if m["share"]:
        return f"{_written(value)}%"
    unit = (m["scale"] or "").lower()
    if value < _LONG_AGO and _YEARS.match(unit):
        return ""
    scale = _SCALE.get(unit, 1.0)
    if scale == 1.0 and value < 10:
        return ""
    return _written(value * scale)


def _value(amount: str, lang: str) -> float:
    """Read a number, with the marks of its language for thousands and for the decimals."""
    plain = amount.replace("٬", "").replace("’", "").replace("٫", ".").strip(".,")
    plain = re.sub(r"[ \u00a0\u202f]", "", plain)
    mark = "." if lang in _THOUSANDS_BY_DOT else ","
    if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+(?:[.,]\d+)?", plain) and not plain.startswith("0"):
        plain = plain.replace(mark, "")
    parts = re.split(r"[.,]", plain)
    return float(f"{''.join(parts[:-1])}.{parts[-1]}" if len(parts) > 1 and parts[0] else plain.replace(",", ""))


def _written(value: float) -> str:
    """Write a number without needless zeros.

    >>> _written(2250000.0), _written(1.5)
    ('2250000', '1.5')
    """
    return f"{value:.6g}" if value < 1_000 and value % 1 else f"{round(value, 2):.12g}"
