"""The command sandbox, run as a program of its own."""

import os
import re
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.exchange import Client, letter

from postroom.sandbox import company


@contextmanager
def _running(*options: str) -> Iterator[str]:
    """Run the command, give what it says before it waits, and stop it as a person would."""
    command = [sys.executable, "-m", "postroom.cli", "sandbox", *options]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if line.startswith("Stop with"):
                    break
            yield said
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def test_it_runs_pop3_and_smtp_and_no_exchange_unless_asked() -> None:
    with _running() as said:
        assert re.search(r"POP3 listens on 127\.0\.0\.1:\d+, SMTP on 127\.0\.0\.1:\d+\.", said)
        assert "Exchange" not in said


def test_with_a_port_for_it_an_exchange_runs_too_and_gets_the_mail() -> None:
    with _running("--ews-port", "0") as said:
        url = re.search(r"Exchange Web Services: (\S+)", said)
        smtp = re.search(r"SMTP on 127\.0\.0\.1:(\d+)", said)
        assert url
        assert smtp
        assert f"{company.SERVICE} may act as anybody there." in said
        with smtplib.SMTP("127.0.0.1", int(smtp[1])) as client:
            client.sendmail("x@outside.example", [company.ANN], letter("By SMTP"))

        exchange = Client(url[1])
        try:
            account = exchange.impersonated(company.ANN, company.SERVICE)
            assert [item.subject for item in account.inbox.all()] == ["By SMTP"]
        finally:
            exchange.close()
