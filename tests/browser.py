"""A real browser for tests: Debian's Chromium, and axe-core to look for barriers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")

needs_browser = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"needs a browser: there is no {CHROMIUM}"
)

expect.set_options(timeout=20_000)  # five seconds, as it is by default, are too few under load

_AXE = Axe()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


def barriers(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page: rule, element, and why."""
    found: list[dict[str, Any]] = _AXE.run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:150]} – {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than the window."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
    return wide
