"""The desk: requests for pages answered; what changes something needs the form's token."""

import hmac
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from postroom.app.items import open_item_sides
from postroom.app.wiring import Postroom
from postroom.errors import NoSuchRecord, PostroomError, UserError
from postroom.passes import quarantine
from postroom.passes.plan import approve, show_plan
from postroom.passes.test_mailbox import test_mailbox
from postroom.schema.choices import FilteringMethod
from postroom.store import workloads
from postroom.web import mailboxes, overview, why
from postroom.web.door import COOKIE, SESSION_LIFE, Door, Session
from postroom.web.welcome import add_mailbox

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_LONGEST_FORM: Final = 65_536
_SIGN_IN: Final = "/sign-in"

Show = Callable[[Request, Session], Response]
Act = Callable[[Request, Session, Mapping[str, str]], Response]


class Desk:
    """Where requests for pages arrive."""

    def __init__(self, postroom: Postroom, door: Door) -> None:
        self._postroom = postroom
        self._door = door
        loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = jinja2.Environment(
            loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
        )
        self._templates.filters["moment"] = lambda at: "" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"

    # Pages

    def overview(self, request: Request, session: Session) -> Response:
        """Show the state of everything; `/live` is the part that renews itself."""
        now = self._postroom.clock.now()
        with self._postroom.database.read() as connection:
            found = overview.overview(connection, now)
        name = "live.html" if request.url.path == "/live" else "overview.html"
        return self._page(name, session, overview=found, now=now)

    def mailboxes(self, request: Request, session: Session) -> Response:
        """List mailboxes, all or those that are looked for."""
        text = request.query_params.get("q", "")
        with self._postroom.database.read() as connection:
            found = mailboxes.find(connection, text)
        return self._page("mailboxes.html", session, mailboxes=found, text=text)

    def mailbox(self, request: Request, session: Session) -> Response:
        """Show one mailbox."""
        return self._mailbox(request, session)

    def alerts(self, _request: Request, session: Session) -> Response:
        """Show the latest alerts."""
        with self._postroom.database.read() as connection:
            return self._page("alerts.html", session, alerts=mailboxes.told(connection))

    def why(self, request: Request, session: Session) -> Response:
        """Answer why messages were tracked, or not."""
        wanted = request.query_params.get("q", "")
        with self._postroom.database.read() as connection:
            found = why.answers(connection, wanted)
        return self._page("why.html", session, answers=found, wanted=wanted)

    def quarantine(self, _request: Request, session: Session) -> Response:
        """List what could not be recorded."""
        return self._quarantine(session)

    def plan(self, request: Request, session: Session) -> Response:
        """Show what the next pass over a mailbox's items would do."""
        id = _key(request)
        shown, problem = None, ""
        with self._postroom.database.read() as connection:
            found = mailboxes.whole(connection, id)
        try:
            shown = show_plan(self._postroom.context(), id, opener=open_item_sides)
        except PostroomError as fault:
            problem = str(fault)
        return self._page("plan.html", session, mailbox=found, plan=shown, problem=problem)

    def welcome(self, _request: Request, session: Session) -> Response:
        """Show the form that makes a mailbox."""
        return self._page("welcome.html", session, problems=(), form={}, methods=FilteringMethod)

    # What changes something

    def add(self, request: Request, session: Session, form: Mapping[str, str]) -> Response:
        """Make a mailbox with all that it needs, test it, and show the steps."""
        context = self._postroom.context()
        try:
            id = add_mailbox(context, form)
        except UserError as fault:
            said = {"problems": fault.problems, "form": form, "methods": FilteringMethod}
            return self._page("welcome.html", session, status=400, **said)
        report = test_mailbox(context, id)
        with self._postroom.database.read() as connection:
            found = mailboxes.whole(connection, id)
        return self._page("mailbox.html", session, mailbox=found, report=report)

    def test(self, request: Request, session: Session, _form: Mapping[str, str]) -> Response:
        """Test and enable a mailbox, and show the steps."""
        report = test_mailbox(self._postroom.context(), _key(request))
        return self._mailbox(request, session, report=report)

    def synchronize(self, request: Request, _session: Session, _form: Mapping[str, str]) -> Response:
        """Make all work of a mailbox due now."""
        id = _key(request)
        with self._postroom.database.write() as connection:
            workloads.hint(connection, [id], self._postroom.clock.now())
        return _redirect(f"/mailboxes/{id}")

    def approve(self, request: Request, _session: Session, _form: Mapping[str, str]) -> Response:
        """Have the next pass do what is held back."""
        id = _key(request)
        approve(self._postroom.context(), id)
        return _redirect(f"/mailboxes/{id}/plan")

    def retry(self, request: Request, session: Session, _form: Mapping[str, str]) -> Response:
        """Try a message in quarantine again."""
        try:
            quarantine.retry(self._postroom.context(), _key(request))
        except UserError as fault:
            return self._quarantine(session, problem=str(fault))
        return _redirect("/quarantine")

    def drop(self, request: Request, _session: Session, _form: Mapping[str, str]) -> Response:
        """Drop a message in quarantine."""
        quarantine.drop(self._postroom.context(), _key(request))
        return _redirect("/quarantine")

    # The door

    def sign_in(self, _request: Request) -> Response:
        """Ask for a key."""
        return self._page("sign_in.html", None, problem="")

    async def enter(self, request: Request) -> Response:
        """Let somebody in who brings a key."""
        form = await _form_of(request)
        cookie = await run_in_threadpool(self._enter, form.get("key", ""))
        if cookie is None:
            return self._page("sign_in.html", None, problem="This is no administrator's key.", status=403)
        answer = _redirect("/")
        is_safe = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=int(SESSION_LIFE.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=is_safe,
        )
        return answer

    def leave(self, _request: Request, _session: Session, _form: Mapping[str, str]) -> Response:
        """End a session."""
        answer = _redirect(_SIGN_IN)
        answer.delete_cookie(COOKIE)
        return answer

    # How all of them are called

    def showing(self, show: Show) -> Callable[[Request], Response]:
        """Return the endpoint of a page, for those who have signed in."""

        def answer(request: Request) -> Response:
            session = self._session(request)
            return _redirect(_SIGN_IN) if session is None else self._safely(lambda: show(request, session))

        return answer

    def acting(self, act: Act) -> Callable[[Request], Any]:
        """Return the endpoint of a form, for those who have signed in and whose form is ours."""

        async def answer(request: Request) -> Response:
            form = await _form_of(request)
            return await run_in_threadpool(self._act, act, request, form)

        return answer

    def _act(self, act: Act, request: Request, form: Mapping[str, str]) -> Response:
        session = self._session(request)
        if session is None:
            return _redirect(_SIGN_IN)
        if not hmac.compare_digest(form.get("token", ""), session.token):
            return self._page(
                "error.html", session, problem="The form is too old; load the page again.", status=403
            )
        return self._safely(lambda: act(request, session, form), session)

    def _safely(self, work: Callable[[], Response], session: Session | None = None) -> Response:
        try:
            return work()
        except NoSuchRecord as fault:
            return self._page("error.html", session, problem=str(fault), status=404)
        except UserError as fault:
            return self._page("error.html", session, problem=str(fault), status=400)

    def _enter(self, text: str) -> str | None:
        return self._door.enter(text.strip(), self._postroom.clock.now())

    def _session(self, request: Request) -> Session | None:
        return self._door.session_of(request.cookies.get(COOKIE), self._postroom.clock.now())

    def _mailbox(self, request: Request, session: Session, *, report: Any = None) -> Response:
        with self._postroom.database.read() as connection:
            found = mailboxes.whole(connection, _key(request))
        return self._page("mailbox.html", session, mailbox=found, report=report)

    def _quarantine(self, session: Session, *, problem: str = "") -> Response:
        with self._postroom.database.read() as connection:
            entries = quarantine.waiting(connection)
        return self._page("quarantine.html", session, entries=entries, problem=problem)

    def _page(self, name: str, session: Session | None, *, status: int = 200, **values: Any) -> Response:
        text = self._templates.get_template(name).render(session=session, **values)
        return HTMLResponse(text, status, dict(HEADERS))


def _key(request: Request) -> UUID:
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NoSuchRecord("There is no such record.") from None


def _redirect(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, dict(HEADERS))


async def _form_of(request: Request) -> Mapping[str, str]:
    """Return a form's fields; one that is too large has none."""
    if int(request.headers.get("content-length") or 0) > _LONGEST_FORM:
        return {}
    async with request.form(max_fields=20, max_files=0) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}
