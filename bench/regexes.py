r"""Look for the regular expression and the text on which a rule is slowest, and print them.

Expressions are made at random out of what is dear to RE2 (counted repetitions, wide classes, many alternatives, the
translated ``\b`` and ``\w``), besides some that are known to be nasty.  Each one that is accepted is compiled anew and
looked for in texts of 64 KB, of ASCII and of any script: once cold, which builds its automaton, and once again.  Times
are those of the processor, so that a busy machine makes no difference.

    python bench/regexes.py [seconds] [seed]
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Iterator
from itertools import chain

from alerts.rules.regexes import Pattern, compile_pattern
from alerts.rules.terms import TermError

SIZE = 65_536
"""The bytes of a text."""

LIMIT = 50.0
"""The milliseconds that nothing may take."""

ATOMS = (
    "a", "b", "x", "e", "é", "ß", "и", "ا", "国", "이", "0", " ", "-", ".", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S",
    r"\p{L}", r"\pN", r"\p{Han}", r"\P{L}", r"\p{Cyrillic}", r"\p{Lu}", "[a-z]", "[^a]", "[а-я]", "[一-龥]", r"[\w-]",
    r"[\s,.]", r"[\d.,]", r"[^\s]", r"[^\d ]", "(?-i:A)", "iran", "oil", "tariff", "制裁", "ایران",
)  # fmt: skip
NASTY = (
    "(a*)*b", "(a+)+b", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)x", ".*.*.*=.*", "(x+x+)+y", "([a-z]+)*=", "(a?){25}a{25}",
    "(.{1,7}){7}x", "(a|b|ab|ba)*c", "[ab].{15}c", "[ab].{45}c", "(a|b).{20}(c|d).{20}e", "[^a].{20}[^b].{20}z",
    r"\w.{20}\w.{20}q", r"(\w\W){5}x", r"\b\w+\b", r"\b(\w+) (\w+) (\w+)\b", r"\bi\w*n\b", r"(\s|\w)*x$", r"x*y*z*w*q",
    r"[\p{L}\p{N}].{10}[\p{L}\p{N}]", r"\p{L}+ \p{Lu}+ \p{L}+", r"(\p{Lu}\p{Ll}+ ){3}x", "(.*a){10}",
    "(.*a){5}(.*b){5}x", *(f"{'(?:abab)?' * n}z" for n in (11, 21)), f"{'(?:aab|ab)' * 21}z",
    f"{'(?:aaaab|aab|b)' * 21}z",
    r"\bCVE-\d{4}-\d{4,7}\b",
    "^(([a-z])+.)+[A-Z]([a-z])+$", "(ab|a)(bc|c)*d", "|".join(f"word{n}" for n in range(70)), "e", ".", "a|e|i|o|u",
    "|".join(chr(0x4E00 + n) * 2 for n in range(150)), "(" + "|".join("abcdefghij"[n:] for n in range(10)) + ")*z",
    "|".join(f"{a}.*{b}" for a in "abcdefgh" for b in "ijklm"), "".join(f"({c}|x)?" for c in "abcdefghijklmnopq") + "y",
    "".join(f".*{c}" for c in "abcdefghijklmnop"), "[ab][^x]{12}[cd][^y]{12}[ef]z", "(?:[^a]*b){4}[^c]*d",
    *(f"[{c}-{chr(ord(c) + 3)}].{{{n}}}[xyz]" for c in "aiq" for n in (5, 10, 15, 20, 28)),
    f"[ab]{'.' * 28}[xyz]", f"[ab]{'.' * 480}[xyz]", f"{'(a|b)' * 30}z", f"{'(a|b)' * 90}z", f"{'[ab]?' * 29}z",
    f"{'[ab]?' * 90}z", f"{'a?b?' * 15}z", f"{'a?b?' * 120}z",
    "|".join(f"{a}.*{b}" for a in "abcdefghij" for b in "klm"),
)  # fmt: skip
SCRIPTS = ("abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщъыьэюя", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "éèüßøñçå")


def expressions(pick: random.Random) -> Iterator[str]:
    """Give the nasty ones, and then others without end."""
    yield from NASTY
    while True:
        yield _choice(pick, 3) if pick.random() < 0.8 else _mutated(pick)


def _choice(pick: random.Random, depth: int) -> str:
    return "|".join(_row(pick, depth) for _ in range(pick.choice([1, 1, 1, 1, 2, 3, 8])))


def _row(pick: random.Random, depth: int) -> str:
    edges = pick.random() < 0.15 and depth == 3
    row = "".join(_one(pick, depth) for _ in range(pick.choice([1, 2, 3, 4, 6, 10])))
    return rf"\b{row}\b" if edges else row


def _one(pick: random.Random, depth: int) -> str:
    group = depth and pick.random() < 0.25
    what = f"({_choice(pick, depth - 1)})" if group else pick.choice(ATOMS)
    n = pick.choice([2, 3, 5, 8, 12, 20, 40, 49])
    times = ["", "", "", "*", "+", "?", "*?", "+?", f"{{{n}}}", f"{{0,{n}}}", f"{{{n // 2},{n}}}", f"{{{n},}}"]
    return what + pick.choice(times)


def _mutated(pick: random.Random) -> str:
    """Change a nasty one a little."""
    said = pick.choice(NASTY)
    at = pick.randrange(len(said))
    return said[:at] + pick.choice([*ATOMS, "*", "+", "?", "|", "{9}", "(", ")"]) + said[at + pick.randrange(2) :]


def texts(pick: random.Random) -> dict[str, str]:
    """Write texts of 64 KB."""
    letters = {f"letters of {s[:5]}…": "".join(pick.choices(f"{s} ", k=SIZE)) for s in SCRIPTS}
    made = {
        "one letter": "a" * SIZE,
        "two letters": "".join(pick.choices("ab", k=SIZE)),
        "digits and signs": "".join(pick.choices("0123456789 .,-=%", k=SIZE)),
        "ASCII": "".join(map(chr, pick.choices(range(32, 127), k=SIZE))),
        "capitals": "".join(pick.choices("Aa Bb Cc ", k=SIZE)),
        "words": " ".join(pick.choices(["iran", "oil", "tariff", "the", "word17", "a", "ab", "xx"], k=SIZE // 3)),
        "Chinese": "".join(map(chr, pick.choices(range(0x4E00, 0x9FA5), k=SIZE // 3))),
        "Korean": "".join(map(chr, pick.choices([32, *range(0xAC00, 0xD7A3)], k=SIZE // 3))),
        "any letter": "".join(map(chr, pick.choices([*range(32, 0xD800), *range(0xE000, 0x30000)], k=SIZE // 3))),
        "emoji": "".join(map(chr, pick.choices(range(0x1F300, 0x1F6FF), k=SIZE // 4))),
        **letters,
    }
    return {name: text.encode()[:SIZE].decode("utf-8", "ignore") for name, text in made.items()}


def tried(said: str) -> tuple[Pattern | None, float]:
    """Compile an expression, ``None`` if it is refused; also gives the milliseconds."""
    compile_pattern.cache_clear()
    began = time.thread_time()
    try:
        return compile_pattern(said), (time.thread_time() - began) * 1e3
    except TermError:
        return None, (time.thread_time() - began) * 1e3


def looked(pattern: Pattern, text: str) -> float:
    """Give the milliseconds of looking for it once."""
    began = time.thread_time()
    pattern.places(text)
    return (time.thread_time() - began) * 1e3


def certain(said: str, name: str, text: str) -> tuple[float, str]:
    """Try a slow one thrice more, for the machine may have been busy; the best counts."""
    runs = []
    for _ in range(3):
        pattern, compiling = tried(said)
        assert pattern is not None
        cold = compiling + looked(pattern, text)
        warm = looked(pattern, text)
        runs.append((max(cold, warm), f"{compiling:.1f} ms to compile, cold {cold:.1f} ms, warm {warm:.1f} ms: {name}"))
    return min(runs)


def main() -> None:
    """Print the worst cases; the exit code is 1 if one takes longer than the limit."""
    seconds, seed = (int(given) for given in chain(sys.argv[1:], (60, 20260701)[len(sys.argv) - 1 :]))
    pick = random.Random(seed)
    all_texts = texts(pick)
    worst: list[tuple[float, str, str]] = []
    refusing, accepted, refused = 0.0, 0, 0
    until = time.monotonic() + seconds
    gc.disable()
    for said in expressions(pick):
        if time.monotonic() > until:
            break
        pattern, compiling = tried(said)
        if pattern is None:
            refused, refusing = refused + 1, max(refusing, compiling)
            continue
        accepted += 1
        few = pick.sample(sorted(all_texts), 3) if accepted > len(NASTY) else sorted(all_texts)
        for name in few:
            fresh = tried(said)[0]
            assert fresh is not None
            took = compiling + looked(fresh, all_texts[name])
            if len(worst) < 5 or took > worst[-1][0]:
                took, how = certain(said, name, all_texts[name])
                worst = sorted([*worst, (took, said, how)], reverse=True)[:5]
    print(f"{accepted:,} expressions tried and {refused:,} refused, of which the slowest took {refusing:.1f} ms")
    for took, said, how in worst:
        print(f"{took:6.1f} ms  /{said}/\n           {how}")
    sys.exit(worst[0][0] > LIMIT)


if __name__ == "__main__":
    main()
