"""The desk: pages in a browser, and the same as JSON.  Airflow mounts it behind its login; ``alerts desk`` serves it.

::

    request ─▶ web (routes, headers) ─▶ rows (what is shown) ─▶ JSON, or pages (HTML)
                    │                        │
               authenticate              opening.Desk: SQL, the configuration, the clock

It takes nothing from the line but what SQL keeps, and it is opened at the first request: a server that never shows it
pays nothing for it.  Whoever mounts it says who is there (``authenticate``).
"""

from alerts.desk.opening import Desk, open_desk
from alerts.desk.readers import unsubscribing
from alerts.desk.web import Caller, app

__all__ = ["Caller", "Desk", "app", "open_desk", "unsubscribing"]
