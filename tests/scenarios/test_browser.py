"""From an empty store to a tracked e-mail, in a real browser, with keyboard and mouse as a person would.

Pictures of every page are left in the directory that TEST_PICTURES names, or with the test.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.support.mail import a_message

from postroom.sandbox import company
from postroom.sandbox.mailboxes import SandboxMailboxes
from postroom.sandbox.pop3 import SandboxPop3
from postroom.sandbox.smtp import SandboxSmtp

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
    # The browser's own loop is closed after the test has ended.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "POSTROOM_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    directory = Path(os.environ.get("TEST_PICTURES") or tmp_path / "pictures")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def postroom(environment: dict[str, str], *words: str) -> str:
    """Run a command to its end and return what it printed."""
    command = [sys.executable, "-m", "postroom.cli", *words]
    ran = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[str]:
    """Run the service and give the address of its pages."""
    command = [sys.executable, "-m", "postroom.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            found = None
            while found is None:
                found = re.search(r"(http://[^/\s]+)/", process.stdout.readline())
            yield found[1]
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def a_page(problems: list[str]) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 800})
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        try:
            yield page
        finally:
            browser.close()


@pytest.mark.timeout(300)
def test_from_nothing_to_a_tracked_email(environment: dict[str, str], pictures: Path) -> None:
    postroom(environment, "init")
    key = json.loads(postroom(environment, "key", "create", "me", "--role", "administrator", "--json"))["key"]
    servers = SandboxMailboxes()
    servers.open_account(company.ANN, "a long password")
    problems: list[str] = []
    with (
        SandboxPop3(servers) as pop3,
        SandboxSmtp(servers) as smtp,
        serving(environment) as url,
        a_page(problems) as page,
    ):
        page.goto(url)
        assert page.title() == "Sign in - Postroom"
        page.screenshot(path=pictures / "sign-in.png")
        page.get_by_label("API key").fill(key)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Overview").wait_for()
        assert "There is no server yet" in page.inner_text("main")
        page.get_by_role("link", name="Add a mailbox").click()
        page.get_by_label("First name").fill("Ann")
        page.get_by_label("Last name").fill("Agent")
        page.get_by_label("Address", exact=True).fill(company.ANN)
        page.get_by_label("Mail is read from").fill(f"127.0.0.1:{pop3.port}")
        page.get_by_label("Mail is sent through").fill(f"127.0.0.1:{smtp.port}")
        page.get_by_label("Password").fill("a long password")
        page.get_by_label("Mail that is tracked").select_option("0")
        page.screenshot(path=pictures / "add-a-mailbox.png", full_page=True)
        page.get_by_role("button", name="Add, test and enable").click()
        page.get_by_role("heading", name="The test").wait_for()
        assert page.locator("li.bad").count() == 0
        page.screenshot(path=pictures / "mailbox-tested.png", full_page=True)
        message = a_message(sender=company.ANN, to=(company.ANN,), subject="To myself", message_id="1@here")
        servers.deliver(company.ANN, message)
        page.get_by_role("button", name="Synchronize now").click()
        wait_for_an_answer(page, url, "1@here")
        assert page.locator("article h2").inner_text().startswith("tracked")
        page.screenshot(path=pictures / "why.png", full_page=True)
        page.get_by_text("Every rule that was tried").first.click()
        for name in ("Overview", "Mailboxes", "Alerts", "Quarantine"):
            page.get_by_role("navigation").get_by_role("link", name=name).click()
            page.get_by_role("heading", name=name, level=1).wait_for()
            page.screenshot(path=pictures / f"{name.lower()}.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 400, "height": 800})
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        page.screenshot(path=pictures / "overview-dark-narrow.png", full_page=True)
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign in").wait_for()
    assert problems == []


def wait_for_an_answer(page: Page, url: str, message_id: str) -> None:
    """Ask why until a pass has decided about the message."""
    deadline = time.monotonic() + 120
    while True:
        page.goto(f"{url}/why?q={message_id}")
        if page.locator("article").count():
            return
        assert time.monotonic() < deadline, page.inner_text("main")
        time.sleep(0.5)
