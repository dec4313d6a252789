"""Pages over a real server: who sees them, what they say, and what their forms do."""

import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from tests.support.company import Company
from tests.support.ledgers import ANN, from_carl, from_stranger, take_in
from tests.support.web import a_postroom, serving

from postroom.api.auth import KeyHolder, create_key
from postroom.app.wiring import Postroom
from postroom.schema.choices import Role

pytestmark = pytest.mark.integration


@dataclass
class Said:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Browser:
    """Requests as a browser sends them, with its one cookie."""

    url: str
    cookie: str = ""
    seen: list[Said] = field(default_factory=list)

    def get(self, path: str) -> Said:
        return self._send("GET", path)

    def post(self, path: str, **form: str) -> Said:
        """Send a form with the token that the last page had."""
        token = re.search(r'name="token" value="([^"]+)"', self.seen[-1].text) if self.seen else None
        return self._send("POST", path, urlencode({"token": token[1] if token else "", **form}))

    def _send(self, method: str, path: str, body: str | None = None) -> Said:
        there = urlsplit(self.url)
        connection = http.client.HTTPConnection(there.hostname or "", there.port or 0, timeout=30)
        headers = {"Cookie": self.cookie} if self.cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = Said(
            answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read().decode()
        )
        connection.close()
        if cookie := said.headers.get("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        if said.status < 300:
            self.seen.append(said)
        return said


@pytest.fixture
def postroom(company: Company, tmp_path: Path) -> Postroom:
    """The company's Postroom."""
    return a_postroom(company.records, tmp_path)


def key_of(postroom: Postroom, role: Role, name: str = "somebody") -> str:
    with postroom.database.write() as connection:
        return create_key(connection, name, KeyHolder(role), postroom.clock.now())


@pytest.fixture
def stranger(postroom: Postroom) -> Iterator[Browser]:
    with serving(postroom) as server:
        yield Browser(server.url)


@pytest.fixture
def browser(postroom: Postroom, stranger: Browser) -> Browser:
    """An administrator's browser."""
    key = key_of(postroom, Role.ADMINISTRATOR)
    assert stranger.post("/sign-in", key=key).headers["location"] == "/"
    return stranger


PAGES = ("/", "/live", "/mailboxes", "/alerts", "/why", "/quarantine", "/welcome")


@pytest.mark.parametrize("path", [*PAGES, "/mailboxes/00000000-0000-0000-0000-000000000001"])
def test_strangers_see_the_door_and_nothing_else(stranger: Browser, path: str) -> None:
    said = stranger.get(path)
    assert (said.status, said.headers["location"], said.text) == (303, "/sign-in", "")
    assert stranger.post(path).status in (303, 405)


@pytest.mark.parametrize("role", [Role.READER])
def test_only_administrators_come_in(postroom: Postroom, stranger: Browser, role: Role) -> None:
    for key in (key_of(postroom, role), "prk_nonsense", "", "x" * 100_000):
        assert stranger.post("/sign-in", key=key).status == 403
        assert not stranger.cookie


def test_a_cookie_that_was_made_up_or_has_ended_opens_nothing(
    postroom: Postroom, company: Company, browser: Browser
) -> None:
    assert browser.get("/").status == 200
    mine, browser.cookie = browser.cookie, "postroom_session=made-up"
    assert browser.get("/").status == 303
    browser.cookie = mine
    company.clock.at = company.clock.at.replace(year=2030)
    assert browser.get("/").status == 303


def test_every_page_answers_and_lets_no_other_site_in(browser: Browser) -> None:
    for path in PAGES:
        said = browser.get(path)
        assert said.status == 200
        assert "frame-ancestors 'none'" in said.headers["content-security-policy"]
        assert said.headers["cache-control"] == "no-store"


def test_a_form_without_the_pages_token_does_nothing(browser: Browser, company: Company) -> None:
    id = company.mailbox(ANN)
    assert browser._send("POST", f"/mailboxes/{id}/sync", urlencode({"token": "guessed"})).status == 403
    assert browser._send("POST", f"/mailboxes/{id}/sync", "").status == 403
    browser.get("/mailboxes")
    assert browser.get(f"/mailboxes/{id}").status == 200
    assert browser.post(f"/mailboxes/{id}/sync").headers["location"] == f"/mailboxes/{id}"
    assert {row["hinted"] for row in company.rows("postroom_workload", mailboxid=id)} == {True}


def test_a_mailbox_is_tested_and_enabled_step_by_step(browser: Browser, company: Company) -> None:
    company.update("mailbox", company.mailbox(ANN), enabledforincomingemail=False)
    id = company.mailbox(ANN)
    assert "Test and enable" in browser.get(f"/mailboxes/{id}").text
    said = browser.post(f"/mailboxes/{id}/test")
    assert "sign in" in said.text
    (row,) = company.rows("mailbox", mailboxid=id)
    assert row["enabledforincomingemail"] is True


def test_why_answers_for_what_was_tracked_and_what_was_not(browser: Browser, company: Company) -> None:
    take_in(company, ANN, from_carl("one@contoso.example"), from_stranger())
    tracked = browser.get("/why?q=%3Cone%40contoso.example%3E").text
    assert "tracked" in tracked
    assert "Every rule that was tried" in tracked
    assert "not tracked" in browser.get(f"/why?{urlencode({'q': ANN})}").text
    assert "no mailbox of this store has seen it" in browser.get("/why?q=never%40seen").text


def test_what_strangers_write_is_text_and_never_a_part_of_the_page(
    browser: Browser, company: Company
) -> None:
    nasty = "<script>alert(1)</script>"
    company.update("mailbox", company.mailbox(ANN), name="x")
    take_in(company, ANN, from_stranger(subject=nasty))
    for path in (
        "/",
        f"/why?{urlencode({'q': ANN})}",
        f"/why?{urlencode({'q': nasty})}",
        f"/mailboxes?{urlencode({'q': nasty})}",
    ):
        assert nasty not in browser.get(path).text


def test_quarantine_is_tried_again_and_dropped(browser: Browser, company: Company) -> None:
    take_in(company, ANN, b"no mail at all")
    (entry,) = company.rows("postroom_quarantine")
    assert entry["reason"] in browser.get("/quarantine").text
    path = f"/quarantine/{entry['postroom_quarantineid']}"
    assert "It failed again" in browser.post(f"{path}/retry").text
    assert browser.post(f"{path}/drop").status == 303
    assert "Nothing is in quarantine" in browser.get("/quarantine").text


@pytest.mark.parametrize("id", ["00000000-0000-0000-0000-000000000001", "nonsense", "..%2f..%2fetc"])
def test_a_mailbox_that_is_not_there_says_so(browser: Browser, id: str) -> None:
    assert browser.get(f"/mailboxes/{id}").status in (400, 404)


def test_signing_out_ends_it(browser: Browser) -> None:
    browser.get("/")
    assert browser.post("/sign-out").status == 303
    browser.cookie = ""
    assert browser.get("/").status == 303


def test_a_mailbox_is_added_with_its_server_and_its_user_and_works(
    browser: Browser, company: Company
) -> None:
    (profile,) = company.rows("emailserverprofile")[:1]
    company.server.open_account("new@corp.example", "open sesame")
    browser.get("/welcome")
    form = {
        "lastname": "New",
        "address": "new@corp.example",
        "kind": "pop3",
        "incoming": f"127.0.0.1:{profile['incomingportnumber']}",
        "outgoing": f"127.0.0.1:{profile['outgoingportnumber']}",
        "password": "open sesame",
    }
    said = browser.post("/welcome", **form)
    assert said.status == 200
    assert "open sesame" not in said.text
    (row,) = company.rows("mailbox", emailaddress="new@corp.example")
    assert (row["enabledforincomingemail"], row["enabledforoutgoingemail"]) == (True, True)
    browser.get("/welcome")
    again = browser.post("/welcome", **form)
    assert (again.status, "already" in again.text) == (400, True)
    assert "open sesame" not in again.text


def test_a_form_with_gaps_says_all_that_is_missing(browser: Browser, company: Company) -> None:
    before = len(company.rows("mailbox"))
    browser.get("/welcome")
    form = {"address": "x@y.example", "incoming": "mail.example:99999", "password": "p"}
    said = browser.post("/welcome", **form)
    assert said.status == 400
    assert "the name of its user" in said.text
    browser.get("/welcome")
    said = browser.post(
        "/welcome", address="x@y.example", lastname="X", incoming="mail.example:99999", password="p"
    )
    assert "99999 is no port" in said.text
    assert len(company.rows("mailbox")) == before
