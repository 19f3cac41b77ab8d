"""The tag of a site, looked for in pages as they are written."""

from __future__ import annotations

import pytest

from consent_server.domain.tag import tag
from consent_server.domain.tag_check import TagCheck, check_tag

SCRIPT = "https://consent.example/v1/sites/shop/banner.js"
PINNED = "https://consent.example/v1/sites/shop/banner.0123abcd.js"
OWN = ' data-consent-server="https://consent.example/v1/sites/shop/"'
PAGE = "https://www.shop.example/"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (f"<head>{tag(SCRIPT)}<script src=/a.js></script></head>", TagCheck(True)),
        (f"<head>{tag(PINNED)}</head>", TagCheck(True)),
        (f"<head>{tag('/consent.js', OWN)}</head>", TagCheck(True)),
        (f"<head><script>var a;</script>{tag(SCRIPT)}</head>", TagCheck(True)),
        (f"<head><script src=/a.js></script>{tag(SCRIPT)}</head>", TagCheck(True, ("after others",))),
        (f"<head>{tag(SCRIPT, ' async')}</head>", TagCheck(True, ("async",))),
        (f"<head>{tag(SCRIPT, ' defer')}</head>", TagCheck(True, ("defer",))),
        (f"<head></head><body>{tag(SCRIPT)}</body>", TagCheck(True, ("in body",))),
        (f"<head>{tag(SCRIPT)}{tag(SCRIPT)}</head>", TagCheck(True, ("twice",))),
        (f"<head><script src={SCRIPT}></script></head>", TagCheck(True, ("no stand-in",))),
        ("<head><script src=https://consent.example/v1/sites/other/banner.js></script></head>", TagCheck(False)),
        (f"<head><!-- {tag(SCRIPT)} --></head>", TagCheck(False)),
        (f"<head><title>{SCRIPT}</title></head>", TagCheck(False)),
        ("", TagCheck(False)),
        ("<script src='\x00<<", TagCheck(False)),
    ],
)
def test_a_tag_is_found_where_it_is_and_what_weakens_it_is_told(markup: str, expected: TagCheck) -> None:
    assert check_tag(markup, PAGE, SCRIPT) == expected
