"""All phrases of all rules in one trie, so that a text is read once, however many rules there are.  Pure.

An Aho-Corasick automaton over words would save the restart at each word; phrases are short, so a plain trie does the
same work with a fifth of the code.  Cost: for each word of the text one look-up, and one more for each length of the
prefixes that begin with the same three letters; for each letter of a run of Chinese, one for each length of the words
that begin with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from alerts.rules.terms import MIN_PREFIX, Term
from alerts.rules.words import View, is_cut, is_solid

Place = tuple[int, int]
"""Offsets into the value of a field: start, end."""


@dataclass(slots=True)
class _Node:
    """What may follow after the words read so far.  ``needle`` is the phrase that ends here, -1 if none does."""

    needle: int = -1
    words: dict[str, _Node] = field(default_factory=dict)
    prefixes: _Heads | None = None
    solids: _Heads | None = None

    def grow(self, word: str, *, prefix: bool) -> _Node:
        """Give the node behind ``word``, and make it if it is new."""
        if is_solid(word):
            self.solids = self.solids or _Heads(1)
            return self.solids.grow(word)
        if prefix:
            self.prefixes = self.prefixes or _Heads(MIN_PREFIX)
            return self.prefixes.grow(word)
        return self.words.setdefault(word, _Node())


@dataclass(slots=True)
class _Heads:
    """Words that are looked for at the beginning of a longer one, by their first ``width`` letters."""

    width: int
    lengths: dict[str, list[int]] = field(default_factory=dict)
    nodes: dict[str, _Node] = field(default_factory=dict)

    def grow(self, word: str) -> _Node:
        """Give the node behind ``word``, and make it if it is new."""
        lengths = self.lengths.setdefault(word[: self.width], [])
        if len(word) not in lengths:
            lengths.append(len(word))
        return self.nodes.setdefault(word, _Node())

    def at(self, word: str, begin: int) -> Iterator[tuple[_Node, int]]:
        """Give the nodes behind the words that stand at ``begin``, with their ends."""
        for length in self.lengths.get(word[begin : begin + self.width], ()):
            end = begin + length
            node = self.nodes.get(word[begin:end]) if end <= len(word) else None
            if node is not None:
                yield node, end


class Index:
    """Phrases by number.  Built once, then only read."""

    def __init__(self) -> None:
        self._root = _Node()
        self._needles: dict[tuple[tuple[str, ...], bool], int] = {}

    def add(self, term: Term) -> int:
        """Give the number of the term's phrase; terms with the same words share one."""
        prefix = term.prefix and not is_solid(term.words[-1])
        number = self._needles.setdefault((term.words, prefix), len(self._needles))
        node = self._root
        for word in term.words[:-1]:
            node = node.grow(word, prefix=False)
        node.grow(term.words[-1], prefix=prefix).needle = number
        return number

    def find(self, view: View) -> dict[int, Place]:
        """Find the first place of every phrase that the field has."""
        found: dict[int, Place] = {}
        for first in range(len(view.words)):
            if first in view.solid:
                self._within(view, first, found)
            elif self._may_begin(view.words[first].word):
                self._from(view, first, 0, found)
        return found

    def _may_begin(self, word: str) -> bool:
        """Turn away the words with which no phrase begins: nearly all."""
        prefixes = self._root.prefixes
        return word in self._root.words or (prefixes is not None and word[:MIN_PREFIX] in prefixes.lengths)

    def _within(self, view: View, first: int, found: dict[int, Place]) -> None:
        """Find the phrases that begin anywhere in a solid run."""
        if self._root.solids is None:
            return
        for begin, letter in enumerate(view.words[first].word):
            if letter in self._root.solids.lengths:
                self._from(view, first, begin, found)

    def _from(self, view: View, first: int, begin: int, found: dict[int, Place]) -> None:
        """Find the phrases that begin at one place: follow the trie as far as the words go."""
        ahead = [(self._root, first, begin)]
        while ahead:
            node, position, offset = ahead.pop()
            word = view.words[position].word
            for reached, end in _step(node, view, position, offset):
                if reached.needle >= 0 and reached.needle not in found and not _is_cut(view, position, end):
                    found[reached.needle] = view.span(first, begin, position, end)
                if end < len(word):
                    ahead.append((reached, position, end))
                elif position + 1 < len(view.words):
                    ahead.append((reached, position + 1, 0))


def _step(node: _Node, view: View, position: int, offset: int) -> Iterator[tuple[_Node, int]]:
    """Give the nodes that one more word reaches, and where in the word each ends."""
    word = view.words[position].word
    if position in view.solid:
        if node.solids is not None:
            yield from node.solids.at(word, offset)
        return
    if word in node.words:
        yield node.words[word], len(word)
    if node.prefixes is not None:
        yield from ((reached, len(word)) for reached, _ in node.prefixes.at(word, 0))


def _is_cut(view: View, position: int, end: int) -> bool:
    return position in view.solid and is_cut(view.words[position].word, end)
