"""What else one could match watch rules with, each put to the same use as well as its kind allows.

Every peer is given the article folded by our own code (words between single blanks), the quickest way that Python has,
looks for the words of all rules in its own way, and decides the rules by their trees.  A rule is looked at only if its
longest necessary word was found, except by ``re`` per rule, which is what one writes first.  No peer says where the
words stand, or how strong a hit is; ``alerts`` does.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import ahocorasick
import hyperscan as hs
import tantivy as ty

from alerts.model import Article, Rule, Watchlist
from alerts.rules import nodes
from alerts.rules.pages import BORDER, page
from alerts.rules.reading import read
from alerts.rules.words import between
from alerts.text import lead_end, tokens

Matcher = Callable[[Sequence[Article]], list[set[int]]]
"""Gives for each article the numbers of the rules that it meets."""


class Folded:
    """An article in folded words between single blanks: all of it, its title, and title with lead."""

    def __init__(self, article: Article) -> None:
        self.article = article
        self.page = page(article, frozenset())
        self.all = f" {' '.join(self.page.folded.split())} "

    @cached_property
    def title(self) -> str:
        """The title, with what parts it from the text."""
        return self.all[: self.all.index(BORDER)]

    @cached_property
    def lead(self) -> str:
        """The title and the first 60 words of the text."""
        if self.page.straight:
            return f" {' '.join(self.page.folded[: self.page.lead_end].split())} "
        words = [token.word for token in tokens(self.article.text) if token.end <= lead_end(self.article.text)]
        return f"{self.title}{BORDER} {' '.join(words)} "

    @cached_property
    def places(self) -> tuple[tuple[str, int, int, int], ...]:
        """The words of title and text, each with the number of the field and its place there."""
        parts = (tokens(self.article.title), tokens(self.article.text))
        return tuple((t.word, number, t.start, t.end) for number, part in enumerate(parts) for t in part)

    def has(self, phrase: nodes.Phrase) -> bool:
        """Whether a phrase stands where it looks."""
        limit = phrase.fields[-1]
        return needle(phrase) in (self.title if limit == "title" else self.lead if limit == "lead" else self.all)


def needle(phrase: nodes.Phrase) -> str:
    """Give what to look for in a folded text."""
    return f" {' '.join(phrase.words)}" + ("" if phrase.prefix else " ")


# ── a rule as a peer decides it ──────────────────────────────────────────────────────────────────────────────────────


def phrases(leaf: nodes.Leaf) -> tuple[nodes.Phrase, ...]:
    """Give the phrases of a leaf; the rules of the bench have no regular expressions."""
    return leaf.aliases if isinstance(leaf, nodes.Names) else (leaf,)  # type: ignore[return-value]


def decided(node: nodes.Node, there: Callable[[nodes.Phrase], bool], text: Folded) -> bool:
    """Decide a tree, given which phrases are there."""
    match node:
        case nodes.And(parts):
            return all(decided(part, there, text) for part in parts)
        case nodes.Or(parts):
            return any(decided(part, there, text) for part in parts)
        case nodes.Not(part):
            return not decided(part, there, text)
        case nodes.Near(left, right, distance):
            return _near(left.leaves[0], right.leaves[0], distance, there, text)  # type: ignore[arg-type]
    return any(there(phrase) for phrase in phrases(node))  # type: ignore[arg-type]


def _near(
    left: nodes.Phrase, right: nodes.Phrase, distance: int, there: Callable[[nodes.Phrase], bool], text: Folded
) -> bool:
    """Decide a NEAR of two words."""
    if not (there(left) and there(right)):
        return False
    ones = [place for place in text.places if place[0] == left.words[0]]
    others = [place for place in text.places if place[0] == right.words[0]]
    for one in ones:
        for other in others:
            first, second = sorted((one, other), key=lambda place: place[2])
            value = text.article.text if one[1] else text.article.title
            apart = one[1] == other[1] and first[3] <= second[2]
            if apart and between(value[first[3] : second[2]], distance + 1) <= distance:
                return True
    return False


def anchors(node: nodes.Node) -> tuple[str, ...]:
    """Give needles one of which must be found; the fewest and the longest that there are."""
    match node:
        case nodes.And(parts):
            choices = [found for part in parts if (found := anchors(part))]
            return min(choices, key=lambda found: (len(found), -min(map(len, found))), default=())
        case nodes.Or(parts):
            return tuple(found for part in parts for found in anchors(part))
        case nodes.Not():
            return ()
        case nodes.Near(left, right):
            return max((anchors(side.leaves[0]) for side in (left, right)), key=lambda found: len(found[0]))
    return tuple(needle(phrase) for phrase in phrases(node))  # type: ignore[arg-type]


class Trees:
    """The rules as trees, and under each needle the rules that cannot do without it."""

    def __init__(self, rules: Iterable[Rule], watchlists: dict[str, Watchlist]) -> None:
        self.trees = [read(rule, watchlists) for rule in rules]
        found = {needle(p) for tree in self.trees for leaf in nodes.leaves(tree) for p in phrases(leaf)}
        self.needles = sorted(found)
        self.under: dict[str, list[int]] = {}
        for number, tree in enumerate(self.trees):
            for one in anchors(tree):
                self.under.setdefault(one, []).append(number)

    def met(self, found: set[str], text: Folded) -> set[int]:
        """Decide the rules for which something was found."""

        def there(phrase: nodes.Phrase) -> bool:
            return needle(phrase) in found and (phrase.fields[-1] == "text" or text.has(phrase))

        likely = {number for one in found for number in self.under.get(one, ())}
        return {number for number in likely if decided(self.trees[number], there, text)}


# ── the peers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def re_per_rule(trees: Trees) -> Matcher:
    """Try every rule, each word of it by a compiled regular expression."""
    search = {one: re.compile(re.escape(one)).search for one in trees.needles}

    def met(text: Folded) -> set[int]:
        def there(phrase: nodes.Phrase) -> bool:
            limit = phrase.fields[-1]
            where = text.title if limit == "title" else text.lead if limit == "lead" else text.all
            return search[needle(phrase)](where) is not None

        return {number for number, tree in enumerate(trees.trees) if decided(tree, there, text)}

    return lambda articles: [met(Folded(article)) for article in articles]


def alternation(trees: Trees) -> Matcher:
    """Look for all words by one regular expression; of two that begin at the same place it finds the longer only."""
    longest_first = sorted(trees.needles, key=len, reverse=True)
    find = re.compile(f"(?=({'|'.join(map(re.escape, longest_first))}))").findall

    def met(text: Folded) -> set[int]:
        return trees.met(set(find(text.all)), text)

    return lambda articles: [met(Folded(article)) for article in articles]


def aho_corasick(trees: Trees) -> Matcher:
    """Look for all words by pyahocorasick."""
    automaton = ahocorasick.Automaton()
    for one in trees.needles:
        automaton.add_word(one, one)
    automaton.make_automaton()

    def met(text: Folded) -> set[int]:
        return trees.met({one for _, one in automaton.iter(text.all)}, text)

    return lambda articles: [met(Folded(article)) for article in articles]


def hyperscan(trees: Trees) -> Matcher:
    """Look for all words by Hyperscan, each reported once."""
    base = hs.Database(mode=hs.HS_MODE_BLOCK)
    base.compile(
        expressions=[re.escape(one).replace("\\ ", " ").encode() for one in trees.needles],
        ids=list(range(len(trees.needles))),
        flags=[hs.HS_FLAG_SINGLEMATCH] * len(trees.needles),
    )
    scratch = hs.Scratch(base)

    def met(text: Folded) -> set[int]:
        found: list[int] = []
        base.scan(text.all.encode(), match_event_handler=lambda number, *_: found.append(number), scratch=scratch)
        return trees.met({trees.needles[number] for number in found}, text)

    return lambda articles: [met(Folded(article)) for article in articles]


def tantivy(trees: Trees) -> Matcher:
    """Index the articles, and ask each rule as a query; the other way round, and only for many articles at once."""
    builder = ty.SchemaBuilder()
    for name in ("all", "title", "lead"):
        builder.add_text_field(name, tokenizer_name="whitespace")
    builder.add_integer_field("number", stored=True, fast=True)
    schema = builder.build()
    queries = [_query(tree, schema) for tree in trees.trees]
    loose = {n for n, tree in enumerate(trees.trees) if isinstance(tree, nodes.Near)}

    def met(articles: Sequence[Article]) -> list[set[int]]:
        texts = [*map(Folded, articles)]
        found: list[set[int]] = [set() for _ in texts]
        with tempfile.TemporaryDirectory() as folder:
            searcher = _index(schema, folder, texts)
            for n, query in enumerate(queries):
                for _, address in searcher.search(query, len(texts), count=False).hits:
                    number = searcher.doc(address)["number"][0]
                    if n not in loose or decided(trees.trees[n], texts[number].has, texts[number]):
                        found[number].add(n)
        return found

    return met


def _index(schema: ty.Schema, folder: str, texts: Sequence[Folded]) -> ty.Searcher:
    index = ty.Index(schema, path=folder)
    writer = index.writer(num_threads=1)
    for number, text in enumerate(texts):
        writer.add_document(ty.Document(all=text.all, title=text.title, lead=text.lead, number=number))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index.searcher()


def _query(node: nodes.Node, schema: ty.Schema) -> ty.Query:
    """Turn a tree into a query; a NEAR asks for both words, and is decided afterwards."""
    must, should, never = ty.Occur.Must, ty.Occur.Should, ty.Occur.MustNot
    match node:
        case nodes.And(parts):
            sides = [(never, p.part) if isinstance(p, nodes.Not) else (must, p) for p in parts]
            return ty.Query.boolean_query([(occur, _query(part, schema)) for occur, part in sides])
        case nodes.Or(parts):
            return ty.Query.boolean_query([(should, _query(part, schema)) for part in parts])
        case nodes.Near(left, right):
            return ty.Query.boolean_query([(must, _query(side.leaves[0], schema)) for side in (left, right)])
    several = [_asked(phrase, schema) for phrase in phrases(node)]  # type: ignore[arg-type]
    return several[0] if len(several) == 1 else ty.Query.boolean_query([(should, one) for one in several])


def _asked(phrase: nodes.Phrase, schema: ty.Schema) -> ty.Query:
    limit = phrase.fields[-1]
    name = "all" if limit == "text" else limit
    if phrase.prefix:
        return ty.Query.regex_query(schema, name, f"{re.escape(phrase.words[-1])}.*")
    if len(phrase.words) == 1:
        return ty.Query.term_query(schema, name, phrase.words[0])
    return ty.Query.phrase_query(schema, name, list(phrase.words))


PEERS: dict[str, Callable[[Trees], Matcher]] = {
    "`re` per rule": re_per_rule,
    "one alternation": alternation,
    "pyahocorasick": aho_corasick,
    "hyperscan": hyperscan,
    "tantivy": tantivy,
}
