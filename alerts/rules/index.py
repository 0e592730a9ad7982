"""Which rules are worth deciding for an article: those of which it has the rarest words.  Pure.

Percolation turned around: a rule says which words it cannot do without, its *needs*, and is kept under the rarest of
them.  An article is reduced to the numbers of the words that some rule needs; everything after that is set arithmetic
on small integers, done in C.  What comes out has all the words that one way of meeting the rule asks for; where they
stand is looked at by ``places`` only then.

A key is a word (``oil``), two words side by side (``oil price``), a beginning (``tarif*``), a word in a run of letters
(``伊朗``), or a word of the title, the lead or another field (``outlet:courier``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, pairwise
from operator import itemgetter
from typing import Literal

from alerts.model import Field
from alerts.rules import nodes
from alerts.rules.pages import BORDER, Page
from alerts.rules.terms import MIN_PREFIX
from alerts.rules.words import is_solid

Needs = tuple[int, ...]
"""The keys all of which must be there; empty if nothing is known that must be there."""

MAX_LEARNT = 100_000
"""How many words that no rule names are remembered, with what they begin with; then it begins anew."""

FEW_PAIRS = 5_000
FEW_CHANCES = 30
"""If the rules have so few pairs of words, and an article so few that may be there, they are not looked for at once."""

Proof = Literal["word", "pair", "none"]
"""What the keys of a phrase prove: that it is there, that it is if pairs were looked for, or nothing."""

_SETS, _RULES = itemgetter(0), itemgetter(1)
_LIMITED: tuple[Field, ...] = ("title", "lead")


class Keys:
    """The numbers of all keys, and which of them an article has."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {BORDER: 0}
        self.lengths: list[int] = [0]
        self._fields: dict[Field, dict[str, int]] = {}
        self._pair_numbers: dict[tuple[int, int], int] = {}
        self._pairs_under: dict[int, tuple[tuple[int, int], ...]] = {}
        self._widths: dict[str, tuple[int, ...]] = {}
        self._runs: dict[str, tuple[tuple[str, int], ...]] = {}
        self._begins: dict[int, tuple[int, ...]] = {}
        self._kinds: dict[tuple[int, ...], int] = {}
        self._learnt: set[str] = set()

    def of(self, phrase: nodes.Phrase, fields: tuple[Field, ...]) -> tuple[Needs, Proof]:
        """Give the keys that a phrase cannot do without, and what they prove."""
        limit, words = fields[-1], phrase.words
        if limit != "text":
            return self._of_field(phrase, limit)
        plain = not (phrase.case or phrase.exact)
        if any(map(is_solid, words)):
            return tuple({self._run(word) for word in words if is_solid(word)}), "none"
        if len(words) == 1:
            key = self._beginning(words[0]) if phrase.prefix else self._number(words[0])
            return (key,), "word" if plain else "none"
        if phrase.prefix:
            pairs = [self._pair(*two) for two in pairwise(words[:-1])]
            return tuple({*(pairs or [self._number(words[0])]), self._beginning(words[-1])}), "none"
        pairs = [self._pair(*two) for two in pairwise(words)]
        return tuple(set(pairs)), "pair" if plain and len(pairs) == 1 else "none"

    def _of_field(self, phrase: nodes.Phrase, field: Field) -> tuple[Needs, Proof]:
        """Give what a phrase needs of a field; beginnings and runs are looked for in all of the text instead."""
        words = phrase.words[:-1] if phrase.prefix else phrase.words
        whole = [word for word in words if not is_solid(word)]
        if whole:
            return tuple({self._number_in(field, word) for word in whole}), "none"
        if field in _LIMITED:
            return self.of(phrase, nodes.TEXT)[0], "none"
        return (self._number_in(field, ""),), "none"

    def _number(self, name: str) -> int:
        number = self.numbers.get(name)
        if number is None:
            number = self.numbers[name] = self._new(name)
        return number

    def _new(self, name: str) -> int:
        self.lengths.append(len(name))
        return len(self.lengths) - 1

    def _number_in(self, field: Field, word: str) -> int:
        numbers = self._fields.setdefault(field, {})
        if word not in numbers:
            numbers[word] = self._new(word)
        return numbers[word]

    def _pair(self, first: str, second: str) -> int:
        pair = self._number(first), self._number(second)
        number = self._pair_numbers.get(pair)
        if number is None:
            number = self._pair_numbers[pair] = self._new(f"{first} {second}")
        return number

    def _beginning(self, word: str) -> int:
        name = f"{word}*"
        number = self.numbers.get(name)
        if number is None:
            number = self._number(name)
            lengths = self._widths.get(word[:MIN_PREFIX], ())
            self._widths[word[:MIN_PREFIX]] = tuple(sorted({*lengths, len(word)}))
        return number

    def _run(self, word: str) -> int:
        number = self.numbers.get(word)
        if number is None:
            number = self._number(word)
            self._runs[word[:2]] = (*self._runs.get(word[:2], ()), (word, number))
        return number

    def copy(self) -> Keys:
        """Make another one to which keys can be added, without what was learnt from articles."""
        made = Keys()
        made.numbers = {name: number for name, number in self.numbers.items() if name not in self._learnt}
        made.lengths = [*self.lengths]
        made._fields = {field: {**numbers} for field, numbers in self._fields.items()}
        made._pair_numbers = {**self._pair_numbers}
        made._widths, made._runs = {**self._widths}, {**self._runs}
        return made

    def seal(self) -> None:
        """Work out what each word of the rules begins with, and pairs; to be called when all rules are read."""
        if len(self._pair_numbers) <= FEW_PAIRS:
            under: dict[int, list[tuple[int, int]]] = {}
            for pair in self._pair_numbers:
                under.setdefault(pair[0], []).append(pair)
            self._pairs_under = {first: tuple(pairs) for first, pairs in under.items()}
        if self._widths:
            words = ((name, number) for name, number in self.numbers.items() if name[-1] != "*")
            self._begins |= {number: found for word, number in words if (found := self._beginnings(word))}

    def _beginnings(self, word: str) -> tuple[int, ...]:
        lengths = [length for length in self._widths.get(word[:MIN_PREFIX], ()) if length <= len(word)]
        numbers = [self.numbers.get(f"{word[:length]}*") for length in lengths]
        return tuple(number for number in numbers if number is not None)

    # ── what an article has ──────────────────────────────────────────────────────────────────────────────────────────

    def present(self, page: Page) -> tuple[set[int], bool]:
        """Give the keys that an article has, and whether the pairs among them are known to stand side by side."""
        words = page.words
        row = list(map(self.numbers.get, words))
        found = set(row)
        if None in found:
            if self._widths:
                found.update(map(self.numbers.get, self._learn(words)))
            found.discard(None)
        has: set[int] = found  # type: ignore[assignment]
        sure = self._pairs(row, has) if self._pair_numbers else True
        if self._begins:
            has.update(chain.from_iterable(filter(None, map(self._begins.get, tuple(has)))))
        if self._runs and page.runs:
            has.update(self._within(page.runs))
        if self._fields:
            has.update(self._of_fields(page))
        return has, sure

    def _pairs(self, row: Sequence[int | None], has: set[int]) -> bool:
        """Add the pairs of words that stand side by side, or, if there are few, those that may do so.

        To look up all neighbours costs as much as to look for twenty pairs in the text; a few are left to ``places``,
        which is asked only if a rule has everything else that it needs.
        """
        pairs = self._pair_numbers
        if self._pairs_under:
            near = chain.from_iterable(filter(None, map(self._pairs_under.get, has)))
            chances = [pairs[pair] for pair in near if pair[1] in has]
            if len(chances) <= FEW_CHANCES:
                has.update(chances)
                return False
        has.update(filter(None, map(pairs.get, pairwise(row))))  # type: ignore[arg-type]
        return True

    def _learn(self, words: Iterable[str]) -> set[str]:
        """Remember of words that no rule names which beginnings they have: nearly all words come again.

        Words with the same beginnings share one number, so that what is learnt stays small.
        """
        if len(self._learnt) > MAX_LEARNT:
            self._forget()
        new = {word for word in words if word not in self.numbers and not is_solid(word)}
        for word in new:
            found = self._beginnings(word)
            self.numbers[word] = self._kind(found) if found else 0
        self._learnt |= new
        return new

    def _kind(self, found: tuple[int, ...]) -> int:
        """Number what words begin with; it is no key that a rule could need."""
        number = self._kinds.get(found)
        if number is None:
            number = self._kinds[found] = self._new("")
            self._begins[number] = found
        return number

    def _forget(self) -> None:
        for word in self._learnt:
            del self.numbers[word]
        self._learnt = set()

    def _within(self, runs: str) -> Iterator[int]:
        """Find the words that stand in runs of letters: by their first two letters, then by looking for each."""
        heads = {runs[i : i + 2] for i in range(len(runs))} | set(runs)
        for head in heads & self._runs.keys():
            yield from (number for word, number in self._runs[head] if word in runs)

    def _of_fields(self, page: Page) -> set[int]:
        found: set[int | None] = set()
        for field, numbers in self._fields.items():
            found.update(map(numbers.get, page.words_of(field)))
            found.add(numbers.get(""))
        found.discard(None)
        return found  # type: ignore[return-value]


class Index:
    """Rules by number, each under the rarest key of each way of meeting it, beside the other keys that it needs."""

    def __init__(self) -> None:
        self.under: dict[int, tuple[tuple[Needs, ...], tuple[int, ...]]] = {}
        self.always: tuple[int, ...] = ()

    def copy(self) -> Index:
        """Make another one to which rules can be added."""
        made = Index()
        made.under, made.always = {**self.under}, self.always
        return made

    def add(self, ways: Iterable[tuple[int, Iterable[Needs]]], used: Sequence[int], lengths: Sequence[int]) -> None:
        """Put rules into the index.  ``used`` says how often each key is needed: what few rules name is rare."""
        more: dict[int, tuple[list[Needs], list[int]]] = {}
        always: list[int] = []
        for number, needs in ways:
            for need in needs:
                if not need:
                    always.append(number)
                    continue
                key: int = need[0]
                others: Needs = ()
                if len(need) > 1:
                    key, others = _parted(need, used, lengths)
                under = more.get(key)
                if under is None:
                    under = more[key] = ([], [])
                under[0].append(others)
                under[1].append(number)
        self.always += tuple(always)
        for key, (sets, numbers) in more.items():
            here, there = self.under.get(key, ((), ()))
            self.under[key] = (*here, *sets), (*there, *numbers)

    def candidates(self, has: set[int]) -> set[int]:
        """Give the rules of which an article has all keys of one way of meeting them."""
        under = list(filter(None, map(self.under.get, has)))
        met = map(has.issuperset, chain.from_iterable(map(_SETS, under)))
        found = set(compress(chain.from_iterable(map(_RULES, under)), met))
        found.update(self.always)
        return found


def _parted(need: Needs, used: Sequence[int], lengths: Sequence[int]) -> tuple[int, Needs]:
    """Part the key that the fewest rules need, of two the longer word, for long words are rare, from the others."""
    key = min([(used[key], -lengths[key], key) for key in need])[2]
    return key, tuple([other for other in need if other != key])
