"""Which page answers which address."""

from collections.abc import Sequence
from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from postroom.app.wiring import Postroom
from postroom.web.desk import Desk
from postroom.web.door import Door, Keys


def pages(postroom: Postroom, keys: Keys) -> Sequence[BaseRoute]:
    """Return the routes of all pages."""
    desk = Desk(postroom, Door(keys, postroom.secrets))
    shown = {
        "/": desk.overview,
        "/live": desk.overview,
        "/mailboxes": desk.mailboxes,
        "/mailboxes/{id}": desk.mailbox,
        "/mailboxes/{id}/plan": desk.plan,
        "/alerts": desk.alerts,
        "/welcome": desk.welcome,
        "/why": desk.why,
        "/quarantine": desk.quarantine,
    }
    done = {
        "/mailboxes/{id}/test": desk.test,
        "/mailboxes/{id}/sync": desk.synchronize,
        "/mailboxes/{id}/approve": desk.approve,
        "/quarantine/{id}/retry": desk.retry,
        "/quarantine/{id}/drop": desk.drop,
        "/welcome": desk.add,
        "/sign-out": desk.leave,
    }
    return [
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        Route("/sign-in", desk.sign_in, methods=["GET"]),
        Route("/sign-in", desk.enter, methods=["POST"]),
        *(Route(path, desk.showing(show), methods=["GET"]) for path, show in shown.items()),
        *(Route(path, desk.acting(act), methods=["POST"]) for path, act in done.items()),
    ]
