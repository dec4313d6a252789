"""What the doctor thinks of numbers."""

from pathlib import Path

import pytest

from postroom.app.doctor import host_in, judge_disk
from postroom.errors import UserError


def test_a_disk_that_is_nearly_full_is_noticed() -> None:
    place = Path("/var/lib/postroom")
    assert judge_disk(place, 100 << 30) == "100.0 GiB free at /var/lib/postroom"
    assert "will not last" in judge_disk(place, 1 << 30)
    with pytest.raises(UserError, match="make room"):
        judge_disk(place, 100 << 20)


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("mail.example.com", "mail.example.com"),
        (" https://mail.example.com:8443/EWS/Exchange.asmx ", "mail.example.com"),
        ("http://mail.example.com", "mail.example.com"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_host_of_a_location_is_found_in_a_url_too(place: str, host: str) -> None:
    assert host_in(place) == host
