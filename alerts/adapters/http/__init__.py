"""The one way out for HTTP: conditional GETs of feeds (``fetching``), and one POST for the channels (``posting``)."""

from __future__ import annotations

from alerts.adapters.http.fetching import MAX_REDIRECTS, HttpFetch
from alerts.adapters.http.guard import Guard, Network
from alerts.adapters.http.posting import Posted, ask, post

__all__ = ["MAX_REDIRECTS", "Guard", "HttpFetch", "Network", "Posted", "ask", "post"]
