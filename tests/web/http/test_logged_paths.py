"""A link's token never reaches the log, wherever in a path it stands."""

from urllib.parse import quote

import pytest
import structlog
from structlog.testing import capture_logs

from latchstring.web.http import application

TOKEN = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"


@pytest.fixture
def lines(monkeypatch):
    """What is logged."""
    monkeypatch.setattr(application, "logger", structlog.get_logger())
    with capture_logs() as lines:
        yield lines


@pytest.mark.parametrize(
    "path",
    [
        f"/l/{TOKEN}",
        f"/L/{TOKEN}",
        f"//l/{TOKEN}",
        f"/login/l/{TOKEN}",
        f"/l%2F{TOKEN}",
        f"/{TOKEN}",
        f"/authorize/{TOKEN}",
        f"/sign-in/{TOKEN}/code",
        f"/l/{TOKEN}/code/more",
        f"/login/{TOKEN[:30]}/{TOKEN[30:]}",
        f"/l/{quote(TOKEN[:1] + chr(10) + TOKEN[1:])}",
    ],
)
async def test_a_path_with_a_token_is_cut_before_it(house, lines, path):
    async with house.http() as http:
        await http.get(path)
        await http.post(path)

    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == 2
    for line in requests:
        assert TOKEN[:20] not in str(line)
        assert str(line["path"]).endswith("…")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/livez", "/livez"),
        ("/oauth/token", "/oauth/token"),
        ("/favicon.ico", "/favicon.ico"),
        ("/wp-admin/setup.php", "/wp-admin…"),
        ("/", "/"),
    ],
)
async def test_what_holds_no_secret_is_told(house, lines, path, shown):
    async with house.http() as http:
        await http.get(path)

    assert [line["path"] for line in lines if line["event"] == "request"] == [shown]
