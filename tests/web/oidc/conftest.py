from collections.abc import AsyncIterator

import pytest

from tests.support.provider import Browser, Provider, a_provider


@pytest.fixture
async def provider(tmp_path) -> AsyncIterator[Provider]:
    async with a_provider(tmp_path) as provider:
        yield provider


@pytest.fixture
async def browser(provider) -> AsyncIterator[Browser]:
    browser = provider.browser()
    async with browser.http:
        yield browser


@pytest.fixture
async def application(provider) -> AsyncIterator[Browser]:
    """The application's own connection, without the browser's cookies."""
    application = provider.browser()
    async with application.http:
        yield application
