"""Why an article was, or was not, told to whom: the same ids, walked back from the article to the receipts."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from alerts import rules, urls
from alerts.adapters.sql import queries
from alerts.app import App
from alerts.errors import StoreError
from alerts.model import Article, Match, Story


def article(named: str, app: App) -> list[str]:
    """Give the way of every version of an article through the line, in lines; none if it was never seen.

    ``named`` is a URL in any spelling, an id, or the key of one version.
    """
    if app.engine is None:
        raise StoreError("nothing is kept in memory to explain; use a SQL store")
    canonical = urls.canonical(named) if urls.is_web(named) else named
    versions = queries.find_articles(app.engine, canonical)
    return [line for version in versions for line in _version(version, app, app.engine)]


def _version(seen: Article, app: App, engine: Engine) -> Iterator[str]:
    """Tell the way of one version."""
    yield f"{seen.key}  {seen.title}"
    yield f"  {seen.outlet}, feed {seen.feed}: {seen.url or 'no link'}"
    published = f"{seen.published:%Y-%m-%d %H:%M} UTC" if seen.published else "no date"
    yield f"  seen {seen.seen:%Y-%m-%d %H:%M} UTC, published {published}"
    yield from (f"  note: {note}" for note in seen.notes)
    if seen.quiet:
        yield f"  not matched: {seen.quiet}"
        return
    found = queries.find_match(engine, seen.key)
    if found is None:
        yield from _no_match(seen, app)
        return
    yield from _hits(found)
    for story in queries.find_stories_of(engine, seen.id):
        yield from _placed(seen, story)
    yield from _deliveries(seen, found, app, engine)


def _wanting(found: Match, app: App) -> set[str]:
    """Name the subscriptions that want one of the rules and had begun, or look back so far."""
    met = {hit.rule for hit in found.hits}
    wanting = set()
    for s in app.config.subscriptions:
        began = app.stores.developments.subscribed(s.id)
        if met & set(s.rules) and began and began - s.backfill <= found.article.seen:
            wanting.add(s.id)
    return wanting


def _no_match(seen: Article, app: App) -> Iterator[str]:
    """Say of each rule why it was not met."""
    yield "  no rule was met"
    for rule in app.rules.rules:
        reason = rules.why_not(seen, rule.id, app.rules)
        yield f"    rule {rule.id}: {reason or 'is met now; it was not when the article came'}"


def _hits(found: Match) -> Iterator[str]:
    """Say which rules were met, by which words."""
    for hit in found.hits:
        words = ", ".join(f"{e.words!r} in the {e.field}" for e in hit.evidence)
        yield f"  rule {hit.rule} met (rules {found.rules}): {words}"


def _placed(seen: Article, story: Story) -> Iterator[str]:
    """Say where it was placed, and why it was news there or not."""
    for member in story.members:
        if (member.article, member.version) == (seen.id, seen.version):
            others = len({m.article for m in story.members}) - 1
            yield f"  story {story.id} ({story.members[0].title}; {others} other articles): {member.reason}"


def _deliveries(seen: Article, found: Match, app: App, engine: Engine) -> Iterator[str]:
    """Say to whom it went; nobody is told of what is no development."""
    if all(development.key != seen.key for development in queries.find_developments(engine, seen.id)):
        yield "  told to nobody: it is no development"
        return
    wanting = _wanting(found, app)
    records = [r for r in queries.deliveries_of(engine, seen.key) if r.delivery.subscription in wanting]
    if not records:
        yield f"  told to nobody yet; {', '.join(sorted(wanting)) or 'no subscription'} will be"
    for record in records:
        yield f"  delivery {record.delivery.id}: {record.state}"
        for receipt in record.receipts:
            yield f"    attempt {receipt.attempt} at {receipt.at:%Y-%m-%d %H:%M:%S} UTC: {receipt.outcome}"
            yield f"      {receipt.reason}"
