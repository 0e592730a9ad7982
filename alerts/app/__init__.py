"""The wiring: settings → stores, channels and rules → an App with the five stages.

::

    opening ──▶ stores, ways ──▶ running.App ──▶ keeping

The clock is read here and in ``cli``, nowhere else.
"""

from alerts.app.keeping import Daily, housekeep, keep
from alerts.app.opening import BEAT, folder_of, load, open_app, open_fetch, open_redis, open_sql, rebuild_index, restore
from alerts.app.readers import SqlReaders, desk_signer, desk_url
from alerts.app.running import LINE, App, Clock, Stage, in_memory, shard_of, utc
from alerts.app.stores import Stores
from alerts.app.ways import Lookup, channel, config_of, fetcher, rewriter, web_address

__all__ = [
    "BEAT",
    "LINE",
    "App",
    "Clock",
    "Daily",
    "Lookup",
    "SqlReaders",
    "Stage",
    "Stores",
    "channel",
    "config_of",
    "desk_signer",
    "desk_url",
    "fetcher",
    "folder_of",
    "housekeep",
    "in_memory",
    "keep",
    "load",
    "open_app",
    "open_fetch",
    "open_redis",
    "open_sql",
    "rebuild_index",
    "restore",
    "rewriter",
    "shard_of",
    "utc",
    "web_address",
]
