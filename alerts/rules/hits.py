"""Which rules an article meets, with the evidence; and why it does not meet one.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter

from alerts.model import Article, Evidence, Hit, Match, Rule, Strength
from alerts.rules import nodes
from alerts.rules.compiled import Compiled, Rules, clause, compile  # noqa: A004 - rules.compile reads well
from alerts.rules.reading import entry, read, written
from alerts.rules.sights import Absent, Joined, Plan, Sight, Sought, sight
from alerts.rules.strength import strength


def match(article: Article, rules: Rules) -> Match | None:
    """Hold an article against all rules: one match with all its hits in the order of the rules, or ``None``."""
    seen = sight(article, rules.keys, rules.fields)
    hits: list[tuple[int, Hit]] = []
    for number in rules.index.candidates(seen.present):
        one = rules.compiled[number]
        if one is None or (one.limited and _not_for(article, one.rule)):
            continue
        found = seen.holds(one.plan)
        if found is None:
            continue
        hit = _hit(one, found, seen)
        if one.rule.strength == "mention" or hit.strength == "about":
            hits.append((rules.order[number], hit))
    if not hits:
        return None
    hits.sort(key=itemgetter(0))
    return Match(article, tuple(hit for _, hit in hits), rules.hash)


def _not_for(article: Article, rule: Rule) -> str:
    """Say why a rule does not look at an article at all; empty if it does."""
    if rule.lang and not any(_is_lang(article.lang, lang) for lang in rule.lang):
        return (
            f"lang: the rule takes {', '.join(rule.lang)}, and the article is {article.lang or 'in none that is known'}"
        )
    if not (rule.only_outlets or rule.not_outlets):
        return ""
    outlet = article.outlet.casefold()
    if rule.only_outlets and outlet not in map(str.casefold, rule.only_outlets):
        return f"outlets: {article.outlet} is not one of the outlets that the rule takes"
    if outlet in map(str.casefold, rule.not_outlets):
        return f"outlets: the rule does not take {article.outlet}"
    return ""


def _is_lang(has: str, wanted: str) -> bool:
    """Whether a language is the wanted one, or a kind of it: ``en-GB`` is ``en``."""
    has, wanted = has.casefold(), wanted.casefold()
    return has == wanted or has.startswith(f"{wanted}-")


def _hit(one: Compiled, found: Sequence[Sought], seen: Sight) -> Hit:
    """Tell the evidence of a rule that is met, and how strong it is."""
    if len(found) == 1:
        return Hit(one.rule.id, seen.evidence(found[0]), _strength(one.plan, found, seen))
    once = dict.fromkeys(found)
    return Hit(one.rule.id, _evidence(once, seen), _strength(one.plan, once, seen))


def _evidence(found: Iterable[Sought], seen: Sight) -> tuple[Evidence, ...]:
    return tuple(chain.from_iterable(map(seen.evidence, found)))


def _strength(plan: Plan, found: Collection[Sought], seen: Sight) -> Strength:
    """Judge what was found for a plan that holds: parts joined by AND each by itself, the others as one subject."""
    if isinstance(plan, Sought):
        return _of_one(plan, seen)
    if isinstance(plan, Absent):
        return "about"
    if plan.every:
        return _weakest(plan.parts, found, seen)
    there = [part for part in plan.parts if part in found]
    if _of_some(there, seen) == "about":  # type: ignore[arg-type]
        return "about"
    inner = (part for part in plan.parts if isinstance(part, Joined) and seen.holds(part) is not None)
    return "about" if any(_strength(part, found, seen) == "about" for part in inner) else "mention"


def _weakest(parts: Iterable[Plan], found: Collection[Sought], seen: Sight) -> Strength:
    """Judge parts that a rule joins by AND: about, if it is about every one of them."""
    for part in parts:
        if _strength(part, found, seen) == "mention":
            return "mention"
    return "about"


def _of_some(there: Sequence[Sought], seen: Sight) -> Strength:
    """Judge names of one subject together."""
    if len(there) < 2:
        return _of_one(there[0], seen) if there else "mention"
    return strength(_evidence(there, seen), seen.opening(), lambda: seen.in_text(there))


def _of_one(sought: Sought, seen: Sight) -> Strength:
    judged = seen.judged.get(sought)
    if judged is None:
        judged = strength(seen.evidence(sought), seen.opening(), lambda: seen.in_text((sought,)))
        seen.judged[sought] = judged
    return judged


# ── why not ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def why_not(article: Article, rule_id: str, rules: Rules) -> str:
    """Say in plain words why a rule did not match; empty if it did."""
    rule = rules.by_id.get(rule_id)
    if rule is None:
        return f'there is no rule "{rule_id}"'
    alone = compile([rule], rules.watchlists)
    if match(article, alone):
        return ""
    told = [reason for reason in (_not_for(article, rule), *_reasons(article, rule, rules)) if reason]
    return "; ".join(told) or "it only mentions the subject, and the rule asks for articles that are about it"


def _reasons(article: Article, rule: Rule, rules: Rules) -> Iterator[str]:
    """Say of each part of a rule that failed which terms made it fail."""

    def found(node: nodes.Node) -> tuple[Evidence, ...] | None:
        return _found(node, article)

    if rule.match:
        yield from _of_expression(read(rule, rules.watchlists), found)
        return
    terms = {written: entry(written, rules.watchlists) for written in (*rule.any, *rule.all, *rule.none)}
    if rule.any and all(found(terms[written]) is None for written in rule.any):
        yield f"none of any: {', '.join(map(_quoted, rule.any))} was found"
    for term in rule.all:
        if found(terms[term]) is None:
            yield f"all: {_quoted(term)} was not found"
    for term in rule.none:
        if there := found(terms[term]):
            yield f"none: {_quoted(term)} was found in the {there[0].field}{_as_printed(there[0], terms[term])}"


def _of_expression(node: nodes.Node, found: Callable[[nodes.Node], tuple[Evidence, ...] | None]) -> Iterator[str]:
    """Say which of the clauses that AND joins does not hold."""
    for part in node.parts if isinstance(node, nodes.And) else (node,):
        if isinstance(part, nodes.Not):
            if there := found(part.part):
                yield f"match: {written(part)}, and {there[0].words} was found in the {there[0].field}"
        elif found(part) is None:
            yield f"match: {written(part)} was not found"


def _found(node: nodes.Node, article: Article) -> tuple[Evidence, ...] | None:
    """Decide one clause by itself, whether or not it could be a rule; ``None`` if it does not hold."""
    plan, keys, fields = clause(node)
    seen = sight(article, keys, fields)
    held = seen.holds(plan)
    return None if held is None else _evidence(held, seen)


def _quoted(term: str) -> str:
    """Put a term between quotes, unless it has its own."""
    said = term.strip()
    return said if '"' in said else f'"{said}"'


def _as_printed(there: Evidence, term: nodes.Node) -> str:
    """Add the words of the article where the term alone does not tell them."""
    plain = isinstance(term, nodes.Phrase) and not term.prefix
    return "" if plain else f' as "{there.words}"'
