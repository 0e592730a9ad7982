"""What became of a run, judged by what the receivers have on record and by nothing else.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.crash.points import IN_BETWEEN

Record = Mapping[str, Any]


def faults(
    records: Sequence[Record], expected: Mapping[str, frozenset[str]], *, kills: int, place: str, at_once: int = 1
) -> list[str]:
    """Hold the records against what a calm run sends, by kind of channel; nothing is wrong if the list is empty.

    Nothing may be lost.  A webhook is known by its id: under each there is one body, whatever happens.  A mail or a
    message in Slack may be there once more for each answer that its receiver swallowed, and beyond that once for a kill
    (one a channel, of those that are served ``at_once``), and only for one between sending and commit.
    """
    found = [f"{r['kind']}: the receiver refused it: {r['wrong']}" for r in records if r["wrong"]]
    taken = [record for record in records if record["taken"]]
    for kind, keys in expected.items():
        of_kind = [record for record in taken if record["kind"] == kind]
        got = {record["key"] for record in of_kind}
        found += [f"{kind}: lost: {key}" for key in sorted(keys - got)]
        found += [f"{kind}: nobody asked for it: {key}" for key in sorted(got - keys)]
        for key in got:
            bodies = {record["body"] for record in of_kind if record["key"] == key}
            if len(bodies) > 1:
                found.append(f"{kind}: {len(bodies)} bodies under one id: {key}")
    extra = _extra([record for record in taken if record["kind"] != "webhook"])
    most = kills * at_once if place in IN_BETWEEN or at_once > 1 else 0
    if sum(extra.values()) > most:
        found += [f"{kind}: {more} more than may be: {key}" for (kind, key), more in extra.items()]
    return found


def twice(records: Sequence[Record]) -> int:
    """Count the mails and the messages in Slack that are there more often than once, whatever explains them."""
    there = Counter((r["kind"], r["key"]) for r in records if r["taken"] and r["kind"] != "webhook")
    return sum(count - 1 for count in there.values())


def _extra(taken: Sequence[Record]) -> dict[tuple[str, str], int]:
    """Count how often each message is there beyond once, and beyond the answers that its receiver kept to itself."""
    there = Counter((record["kind"], record["key"]) for record in taken)
    quiet = [record for record in taken if not record["told"] and not record["killed"]]
    swallowed = Counter((record["kind"], record["key"]) for record in quiet)
    more = {which: count - 1 - swallowed[which] for which, count in there.items()}
    return {which: count for which, count in more.items() if count > 0}
