"""Spikes of the shipped rules on five days of news, beside "150 % of the mean of the days before".

    python -m bench.volumes

Who reads the list judges which of them were news: five days hold no truth of their own, and few hours to compare with.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean

from alerts import config, rules, urls, volumes
from alerts.model import Article, Match, Volume
from alerts.text import plain

ROOT = Path(__file__).parents[1]
SOURCE = ROOT.parent / "shared" / "data" / "rss_archive_2026w1"


def articles() -> Iterator[Article]:
    """Read the archive in the order in which its items were seen."""
    rows = [json.loads(line) for path in sorted(SOURCE.glob("2026*.jsonl.gz")) for line in gzip.open(path, "rt")]
    for row in sorted(rows, key=lambda row: row["date_created"]):
        seen = datetime.fromisoformat(row["date_created"])
        outlet = urls.host(row["link"] or "").removeprefix("www.")
        text = plain(row["description"] or "")
        title, lang = plain(row["title"] or ""), (row["language"] or "")[:2]
        yield Article(
            str(row["id"]),
            "1",
            "",
            outlet,
            row["link"] or "",
            title,
            text,
            seen.replace(tzinfo=seen.tzinfo or UTC),
            lang=lang,
        )


def main() -> None:
    """Print every spike, and how often each way would have spoken."""
    loaded, problems = config.check(config.read(ROOT / "config"))
    if problems or not SOURCE.exists():
        raise SystemExit(f"{SOURCE} is not here, or config/ is wrong")
    compiled = rules.compile(loaded.rules, {w.id: w for w in loaded.watchlists})
    matches: list[Match] = [match for article in articles() if (match := rules.match(article, compiled))]
    end = max(match.article.seen for match in matches) + timedelta(hours=1)
    volume = volumes.count(Volume(), matches, now=end)
    ours: Counter[str] = Counter()
    for spike in volumes.spikes(volume, loaded.rules, since=end - timedelta(days=30), until=end):
        ours[spike.rule] += 1
        what = f"{spike.count}, usually {spike.usual:g}; {', '.join(spike.words)}; {', '.join(spike.outlets)}"
        print(f"{spike.at:%d %b %H:%M} {spike.title}: {what}")
    print("\n| rule | texts | hours | spikes | 150 % of the mean |\n|---|---|---|---|---|")
    first = min(hour.at for hour in volume.hours)
    for rule in loaded.rules:
        counts = {hour.at: len(hour.texts) for hour in volume.hours if hour.rule == rule.id}
        series = [counts.get(first + n * volumes.HOUR, 0) for n in range(int((end - first) / volumes.HOUR))]
        naive = sum(
            series[n] >= volumes.TEXTS and series[n] > 1.5 * mean(series[:n]) for n in range(volumes.LEAST, len(series))
        )
        print(f"| {rule.id} | {sum(series)} | {len(series)} | {ours[rule.id]} | {naive} |")


if __name__ == "__main__":
    main()
