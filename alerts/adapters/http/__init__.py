"""The one way out for HTTP: GETs of feeds (``fetching``), a POST for channels (``posting``), the time (``dating``)."""

from __future__ import annotations

from alerts.adapters.http.dating import time_at
from alerts.adapters.http.fetching import MAX_REDIRECTS, HttpFetch
from alerts.adapters.http.guard import Guard, Network
from alerts.adapters.http.posting import Posted, ask, post

__all__ = ["MAX_REDIRECTS", "Guard", "HttpFetch", "Network", "Posted", "ask", "post", "time_at"]
