"""Measure what it costs to read, to check and to lint many rules.

Words come from the articles of ``corpus``.  Each figure is the best of the rounds, on one core, with the garbage
collector off, as it is in ``rules.compile``.  A *cold* reading has never seen any of the terms; a *warm* one is what it
costs to read the same rules again.

    python bench/reading.py [rules] [rounds]
"""

from __future__ import annotations

import gc
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence

from corpus import SEED, WATCHLISTS, Vocabulary, articles, rules

from alerts import rules as rules_
from alerts.model import Rule
from alerts.rules import expressions, leaves, terms

FORGOTTEN = (terms.parse_term, leaves._plain, expressions._sign, expressions._bare, expressions._written)  # noqa: SLF001


def eight_leaves(count: int, said: Vocabulary) -> list[Rule]:
    """Write expressions of eight terms with every operator in them."""
    pick = random.Random(SEED)
    made = []
    for number in range(count):
        w, (one, other), pair = pick.sample(said.words, 4), pick.sample(said.singles, 2), pick.choice(said.pairs)
        match = (
            f'({one} OR title:{other} OR "{pair}") AND ({w[0][:6]}* OR @iran) AND NOT {w[1]} AND {w[2]} NEAR/8 {w[3]}'
        )
        made.append(Rule(f"e{number}", f"e{number}", match=match))
    return made


def forget() -> None:
    """Empty the memory of terms that were read before."""
    for memory in FORGOTTEN:
        memory.cache_clear()


def best(rounds: int, act: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Give the seconds of the fastest round."""
    times = []
    for _ in range(rounds):
        before()
        gc.collect()
        gc.disable()
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
        gc.enable()
    return min(times)


def read_all(many: Sequence[Rule]) -> None:
    """Read each rule into its tree."""
    for rule in many:
        rules_.read(rule, WATCHLISTS)


def check_all(many: Sequence[Rule]) -> None:
    """Look for what is wrong with each rule."""
    for rule in many:
        rules_.check(rule, WATCHLISTS)


def main() -> None:
    """Print a table of seconds."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    texts, source = articles(1_000)
    said = Vocabulary([one.text for one in texts])
    eight, mixed = eight_leaves(count, said), rules(count, said)
    print(f"{count:,} rules with the words of {len(texts):,} articles ({source}); best of {rounds}")
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    for name, act, before in (
        ("read expressions of eight terms, cold", lambda: read_all(eight), forget),
        ("read expressions of eight terms, warm", lambda: read_all(eight), lambda: None),
        ("read rules as analysts write them, cold", lambda: read_all(mixed), forget),
        ("check rules as analysts write them, cold", lambda: check_all(mixed), forget),
        ("lint rules as analysts write them", lambda: rules_.lint(mixed, WATCHLISTS), lambda: None),
        ("lint expressions of eight terms", lambda: rules_.lint(eight, WATCHLISTS), lambda: None),
    ):
        seconds = best(rounds, act, before)
        print(f"{name:<42} {seconds:6.2f} s   {seconds / count * 1e6:6.1f} µs a rule", flush=True)


if __name__ == "__main__":
    main()
