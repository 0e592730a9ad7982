"""What is odd about rules that are sound: warnings, each with its reason and what to do.  Pure.

======================  ==========================================================================
``short prefix``        a ``*`` behind three letters, or a single letter: it meets too much
``far near``            ``NEAR/n`` with n over 15: that is no longer near
``redundant``           a term or an alias that finds nothing which another one does not find
``never``               the rule cannot match: it asks for what it keeps out, or for two things at once
``shadowed``            another rule matches whenever this one does
``unknown outlet``      no feed has an outlet of that name
``common``              a term that meets more than 5 % of the articles given to it: in ``common``
======================  ==========================================================================
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from alerts.model import Field, Rule, Watchlist
from alerts.rules.expressions import place
from alerts.rules.nodes import LEAVES, And, AtLeast, Either, Leaf, Names, Near, Node, Not, Or, Phrase, Regex, leaves
from alerts.rules.reading import read, written
from alerts.rules.shadows import meaning, options, shadowed
from alerts.rules.terms import MIN_PREFIX, TermError, parse_alias
from alerts.rules.words import is_solid

Reason = Literal["short prefix", "far near", "redundant", "never", "shadowed", "unknown outlet", "common"]

FAR = 15
"""So many words between two are about a sentence; with more, ``NEAR`` is ``AND``."""


@dataclass(frozen=True, slots=True)
class Lint:
    """A warning.  ``rule`` is the id of the rule, or ``@id`` of the watchlist; ``path`` is its key, as in ``check``."""

    rule: str
    path: str
    reason: Reason
    message: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.rule}: {self.path}: {self.message} ({self.reason})"


Said = tuple[str, Reason, str]
"""A path, a reason, a message."""


def lint(rules: Sequence[Rule], watchlists: Mapping[str, Watchlist], outlets: Iterable[str] = ()) -> tuple[Lint, ...]:
    """Find what is odd: about each watchlist, each rule, and rules together.

    ``outlets`` are those of the feeds; without them no name of an outlet is doubted.  A rule that ``check`` refuses is
    passed over.
    """
    found = [Lint(f"@{w.id}", *said) for w in watchlists.values() for said in _of_watchlist(w)]
    known = tuple(dict.fromkeys(outlets))
    trees: list[tuple[Rule, Node]] = []
    for rule in rules:
        try:
            node = read(rule, watchlists)
        except TermError:
            continue
        trees.append((rule, node))
        found += [Lint(rule.id, *said) for said in _of_rule(rule, node, known)]
    return (*found, *(Lint(rule, path, "shadowed", words) for rule, path, words in shadowed(trees)))


# ── one watchlist ────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_watchlist(watchlist: Watchlist) -> Iterator[Said]:
    try:
        terms = [parse_alias(alias) for alias in watchlist.aliases]
    except TermError:
        return
    phrases = {
        n: Phrase(t.written, t.words, t.prefix, t.fields, t.case, t.exact) for n, t in enumerate(terms) if t.words
    }
    for n, phrase in phrases.items():
        yield from _short(phrase, f"aliases.{n}")
    yield from _redundant({f"aliases.{n}": phrase for n, phrase in phrases.items()})


def _short(phrase: Phrase, path: str) -> Iterator[Said]:
    """Warn of what meets too much by its length alone."""
    word = phrase.words[0]
    if len(word) > (MIN_PREFIX if phrase.prefix else 1) or len(phrase.words) > 1 or phrase.case:
        return
    if not set(phrase.fields) & {"title", "text", "lead"}:
        return
    if len(word) == 1:
        yield path, "short prefix", f"{phrase.written} is a single letter and meets too much; write a longer word"
    elif not is_solid(word):
        words = f"{phrase.written} meets every word that begins with {len(word)} letters; write more of them"
        yield path, "short prefix", words


def _redundant(phrases: Mapping[str, Phrase]) -> Iterator[Said]:
    """Warn of phrases inside another of them: wherever they stand, that one stands too.

    Two spellings of one phrase are none: who lists names need not know what is folded.
    """
    if len(phrases) < 2:
        return
    words: defaultdict[str, list[str]] = defaultdict(list)
    for path, phrase in phrases.items():
        words[phrase.words[0]].append(path)
    for path, phrase in phrases.items():
        for other in _candidates(phrase, words):
            if covers(phrases[other], phrase) and not covers(phrase, phrases[other]):
                said = f"{phrase.written} finds nothing that {phrases[other].written} does not; take it out"
                yield path, "redundant", said
                break


def _candidates(phrase: Phrase, words: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give the phrases that begin with one of the words of this one, or with its beginning."""
    for word in phrase.words:
        solid = is_solid(word)
        starts = range(len(word)) if solid else range(1)
        for start in starts:
            for end in range(start + 1, len(word) + 1):
                yield from words.get(word[start:end], ())


def covers(wide: Phrase, narrow: Phrase) -> bool:
    """Whether every place of ``narrow`` holds one of ``wide``.

    >>> iran, iranian = Phrase("Iran*", ("iran",), prefix=True), Phrase("Iranian oil", ("iranian", "oil"))
    >>> covers(iran, iranian), covers(iranian, iran)
    (True, False)
    """
    return _sees(wide.fields, narrow.fields) and _holds(wide, narrow)


def _holds(wide: Phrase, narrow: Phrase) -> bool:
    """Whether ``wide`` is found inside ``narrow``, if both look in the same fields."""
    words, there = wide.words, narrow.words
    if words[0] not in there and (len(words) > 1 or not (wide.prefix or is_solid(words[0]))):
        return False  # as nearly always
    if wide.case not in ("", narrow.case) or wide.exact not in ("", narrow.exact):
        return False
    return any(_stands_at(wide, narrow, start) for start in range(len(there) - len(words) + 1))


def _sees(wide: tuple[Field, ...], narrow: tuple[Field, ...]) -> bool:
    """Whether whoever looks in ``wide`` sees all that stands in ``narrow``; the lead is a part of the text."""
    return wide == narrow or all(field in wide or (field == "lead" and "text" in wide) for field in narrow)


def _stands_at(wide: Phrase, narrow: Phrase, start: int) -> bool:
    """Whether the words of ``wide`` are those of ``narrow`` from ``start`` on; the ends may be cut."""
    last = len(wide.words) - 1
    for n, word in enumerate(wide.words):
        there = narrow.words[start + n]
        open_end = narrow.prefix and start + n == len(narrow.words) - 1
        if is_solid(word):
            if not (word in there if last == 0 else word == there):
                return False
        elif n == last and wide.prefix:
            if not there.startswith(word):
                return False
        elif open_end or there != word:
            return False
    return True


# ── one rule ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_rule(rule: Rule, node: Node, outlets: Sequence[str]) -> Iterator[Said]:
    whole = "match" if rule.match else "any"
    there = placed(rule, node)
    for path, leaf in there:
        if isinstance(leaf, Phrase):
            yield from ((exact(rule, path, leaf.written), reason, said) for _, reason, said in _short(leaf, path))
    nears = _nears(node)
    for near in nears:
        if near.distance > FAR:
            said = f"{written(near)} looks {near.distance} words far; write {FAR} or fewer, or AND"
            yield exact(rule, whole, f"{'O' * near.ordered}NEAR/{near.distance}"), "far near", said
    if len(rule.any) > 1:
        yield from _redundant({path: leaf for path, leaf in there[: len(rule.any)] if isinstance(leaf, Phrase)})
    if why := _never(rule, node, nears):
        yield exact(rule, whole, ""), "never", f"the rule can never match: {why}"
    yield from _unknown(rule, outlets)


def exact(rule: Rule, path: str, said: str) -> str:
    """Add to the path of an expression where in it something stands."""
    return f"match.{place(rule.match, said)}" if path == "match" else path


def placed(rule: Rule, node: Node) -> list[tuple[str, Leaf]]:
    """Give each leaf with its path; all those of an expression have one."""
    if rule.match:
        return [("match", leaf) for leaf in leaves(node)]
    paths = [f"{part}.{n}" for part in ("any", "all", "none") for n in range(len(getattr(rule, part)))]
    return [*zip(paths, leaves(node), strict=True)]


_WITHOUT = (*LEAVES, AtLeast)
"""What has no NEAR inside."""


def _nears(node: Node) -> list[Near]:
    if isinstance(node, _WITHOUT):
        return []
    if isinstance(node, Near):
        return [node]
    if isinstance(node, Not):
        return _nears(node.part)
    return [near for part in node.parts for near in _nears(part)]


def _unknown(rule: Rule, outlets: Sequence[str]) -> Iterator[Said]:
    for key, names in (("only", rule.only_outlets), ("not", rule.not_outlets)):
        for n, name in enumerate(names):
            if outlets and name not in outlets:
                close = get_close_matches(name, outlets, n=1)
                hint = f'; did you mean "{close[0]}"?' if close else "; write it as in feeds.yaml"
                yield f"outlets.{key}.{n}", "unknown outlet", f'no feed has the outlet "{name}"{hint}'


def _never(rule: Rule, node: Node, nears: Sequence[Near]) -> str:
    """Say why a rule can never match; empty if it can, as far as can be seen."""
    if rule.only_outlets and set(rule.only_outlets) <= set(rule.not_outlets):
        return "every outlet under only stands under not as well"
    wanted, kept_out = _sides(node)
    for part in wanted if kept_out else ():
        if found := _refused(part, kept_out):
            named = " and ".join(dict.fromkeys(map(written, found)))
            return f"it asks for {written(part)} and keeps out {named}"
    return _two_at_once(rule, wanted) or next((why for near in nears if (why := _apart(near))), "")


def _refused(part: Node, kept_out: Sequence[Leaf]) -> list[Leaf]:
    """Give the leaves that keep out every way of meeting a part; none if there is a way left."""
    found: list[Leaf] = []
    for one in options(part):
        leaf = next((leaf for leaf in kept_out if _is_covered(one, leaf)), None)
        if leaf is None:
            return []
        found.append(leaf)
    return found


def _sides(node: Node) -> tuple[list[Node], list[Leaf]]:
    """Give the parts of which every one must hold, and the leaves of which none may."""
    parts = node.parts if isinstance(node, And) else (node,)
    wanted: list[Node] = [part for part in parts if not isinstance(part, Not)]
    refused = [part.part for part in parts if isinstance(part, Not)]
    flat = [inner for part in refused for inner in (part.parts if isinstance(part, Or) else (part,))]
    return wanted, [leaf for leaf in flat if isinstance(leaf, LEAVES)]


def _is_covered(node: Node, leaf: Leaf) -> bool:
    """Whether an article that meets ``node`` must have ``leaf``."""
    if isinstance(node, LEAVES):
        return _is_in(node, leaf)
    match node:
        case Near(left, right):
            return _all_in(left, leaf) or _all_in(right, leaf)
        case AtLeast(_, of):
            return _all_in(of, leaf)
        case And(parts):
            return any(_is_covered(part, leaf) for part in parts)
        case Or(parts):
            return all(_is_covered(part, leaf) for part in parts)
    return False


def _all_in(either: Either, leaf: Leaf) -> bool:
    return all(_is_in(one, leaf) for one in either.leaves)


def _is_in(narrow: Leaf, wide: Leaf) -> bool:
    """Whether an article with one leaf must have the other."""
    if isinstance(narrow, Phrase) and isinstance(wide, Phrase):
        return covers(wide, narrow)
    if isinstance(narrow, Regex) or isinstance(wide, Regex):
        return meaning(narrow) == meaning(wide)
    if not _sees(wide.fields, narrow.fields):
        return False
    if isinstance(wide, Phrase):
        return all(_holds(wide, phrase) for phrase in _phrases(narrow))
    if isinstance(narrow, Names) and narrow.watchlist == wide.watchlist:
        return True
    return not wide.none and all(any(_holds(alias, phrase) for alias in wide.aliases) for phrase in _phrases(narrow))


def _phrases(leaf: Phrase | Names) -> tuple[Phrase, ...]:
    """Give a leaf as the phrases any of which will do."""
    return leaf.aliases if isinstance(leaf, Names) else (leaf,)


def _two_at_once(rule: Rule, wanted: Sequence[Node]) -> str:
    """Say that a rule asks for two values of what an article has one of."""
    fields: tuple[Field, ...] = ("lang", "country", "outlet")
    phrases = [leaf for leaf in wanted if isinstance(leaf, Phrase) and leaf.fields[0] in fields and not leaf.prefix]
    for field in fields if phrases else ():
        asked = [leaf for leaf in phrases if leaf.fields == (field,)]
        if field != "outlet" and len({leaf.words for leaf in asked if len(leaf.words) == 1}) > 1:
            return f"it asks for {' and '.join(leaf.written for leaf in asked)}, and an article has one {field}"
        if field == "lang" and rule.lang and asked and not any(_speaks(code, asked[0]) for code in rule.lang):
            return f"it asks for {asked[0].written}, and lang has {', '.join(rule.lang)}"
    return ""


def _speaks(code: str, leaf: Phrase) -> bool:
    return code.casefold().split("-")[: len(leaf.words)] == list(leaf.words) or leaf.words[0] == code.casefold()


def _apart(near: Near) -> str:
    """Say that the two sides of NEAR look in different fields, so that they never meet."""
    left = {field for leaf in near.left.leaves for field in leaf.fields}
    right = {field for leaf in near.right.leaves for field in leaf.fields}
    texts: set[Field] = {"lead", "text"}
    if left & right or (left & texts and right & texts):
        return ""
    return f"the two sides of {written(near)} look in different fields"
