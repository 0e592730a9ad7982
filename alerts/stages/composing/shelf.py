"""The log of developments, read once for all subscriptions: a thousand of them read the same news."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from alerts.model import Development
from alerts.ports import Log

BLOCK = 500
"""How many developments are read at once."""

MANY = 20
"""How many blocks are kept: the most that one digest reads, and some ten megabytes."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some developments, one behind the other in the log; the last block of the log holds fewer than ``BLOCK``."""

    start: int
    positions: tuple[int, ...]
    values: tuple[Development, ...]
    by_rule: dict[str, list[int]] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The position of its last value."""
        return self.positions[-1] if self.positions else self.start

    @property
    def is_last(self) -> bool:
        """Whether nothing came after it when it was read."""
        return len(self.values) < BLOCK

    def holds(self, position: int) -> bool:
        """Whether what comes after the position begins in it."""
        return self.start <= position and (position < self.end or self.is_last)

    def meeting(self, rules: Iterable[str], position: int) -> list[Development]:
        """Give what comes after the position and meets one of the rules."""
        first = bisect_right(self.positions, position)
        found = {n for rule in rules for n in self.by_rule.get(rule, ())}
        return [self.values[n] for n in sorted(found) if n >= first]


class Shelf:
    """What was read of the log in one run."""

    def __init__(self, log: Log[Development]) -> None:
        self._log = log
        self._blocks: deque[Block] = deque(maxlen=MANY)

    def read(self, position: int, rules: Iterable[str], blocks: int) -> tuple[list[Development], int, bool]:
        """Give what comes after a position and meets one of the rules, of so many blocks at most.

        With it, how far that is, and whether the log goes on.
        """
        wanted, found = tuple(rules), []
        for _ in range(blocks):
            block = self._block(position)
            found += block.meeting(wanted, position)
            position = max(position, block.end)
            if block.is_last:
                return found, position, False
        return found, position, True

    def _block(self, position: int) -> Block:
        """Give the block in which what comes after a position begins."""
        held = next((block for block in self._blocks if block.holds(position)), None)
        if held is not None:
            return held
        found = self._log.after(position, BLOCK)
        block = Block(position, tuple(at for at, _ in found), tuple(value for _, value in found))
        for n, value in enumerate(block.values):
            for rule in {hit.rule for hit in value.match.hits}:
                block.by_rule.setdefault(rule, []).append(n)
        self._blocks.append(block)
        return block
