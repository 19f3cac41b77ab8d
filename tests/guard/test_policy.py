"""The policy lists what may be loaded, and is silent where a list would be a lie."""

from __future__ import annotations

from typing import Any

import pytest

from consent_server.domain.errors import Invalid
from consent_server.guard.choice import parse_choice
from consent_server.guard.policy import LONGEST, PolicyOptions, content_security_policy
from consent_server.guard.rules import compile_rules
from tests.guard.visits import NOW, YES, configuration, service

SERVER = "https://consent.example"


def policy(
    cookie: str = "", host: str = "www.example.fr", options: dict[str, Any] | None = None, **changes: Any
) -> Any:
    rules = compile_rules(configuration(**{"unknown_third_parties": "block", **changes}))
    chosen = PolicyOptions(SERVER, **{"report_only": False, **(options or {})})
    return content_security_policy(rules, parse_choice(cookie.removeprefix("eu-consent="), NOW), host, chosen)


def test_strict_mode_is_a_list_of_what_is_ours_and_what_is_granted() -> None:
    start = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: example.fr *.example.fr wss://www.example.fr "
    assert policy() == start + SERVER
    assert policy(YES) == (
        f"{start}{SERVER} www.google-analytics.com wss://www.google-analytics.com googletagmanager.com/gtag/ "
        "wss://googletagmanager.com/gtag/ *.googletagmanager.com/gtag/ wss://*.googletagmanager.com/gtag/ ads.example "
        "wss://ads.example *.ads.example wss://*.ads.example"
    )


def test_where_unknown_hosts_are_allowed_only_an_owners_list_can_be_enforced() -> None:
    assert policy(unknown_third_parties="allow") is None
    listed = policy(unknown_third_parties="allow", options={"allow": ("cdn.example",)})
    assert listed.endswith(f"{SERVER} cdn.example")
    assert policy(unknown_third_parties="allow", options={"report_only": True}) == policy()


@pytest.mark.parametrize(
    ("pattern", "sources"),
    [
        ("a.example/*", "a.example wss://a.example"),
        ("a.example/x/y*", "a.example/x/ wss://a.example/x/"),
        ("a.example/x*y/z", "a.example wss://a.example"),
        ("a.example/x.js", "a.example/x.js wss://a.example/x.js"),
        ("a.example/", "a.example/ wss://a.example/"),
        ("a.example:8443/x/*", "a.example:8443/x/ wss://a.example:8443/x/"),
        ("a.example/x;y,z/*", "a.example wss://a.example"),
        ("*.a.example/*", "a.example wss://a.example *.a.example wss://*.a.example"),
    ],
)
def test_a_pattern_becomes_the_narrowest_source_that_covers_it(pattern: str, sources: str) -> None:
    exempt = [service("a", "necessary", url_patterns=[pattern])]
    assert policy(services=exempt).endswith(f"{SERVER} {sources}")


def test_what_a_wider_source_covers_is_not_said_twice() -> None:
    exempt = [service("a", "necessary", url_patterns=["*.a.example/*", "x.a.example/*", "a.example/y/*"])]
    assert policy(services=exempt).endswith(f"{SERVER} a.example wss://a.example *.a.example wss://*.a.example")


@pytest.mark.parametrize("host", ["localhost", "192.0.2.1", "::1", "", "evil;script-src *", "a b.fr"])
def test_a_host_cannot_write_into_the_policy(host: str) -> None:
    assert "*." not in policy(host=host)
    assert ";" not in policy(host=host)


def test_a_policy_too_long_for_servers_in_front_is_not_sent() -> None:
    many = [service("a", "necessary", url_patterns=[f"host-{i}.example/*" for i in range(LONGEST // 20)])]
    assert policy(services=many) is None


@pytest.mark.parametrize(
    "options",
    [{"allow": ("a b",)}, {"allow": ("a;b",)}, {"allow": ("",)}, {"allow": ("'none'",)}, {"report_uri": "/a; x"}],
)
def test_options_that_would_break_the_header_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        PolicyOptions(SERVER, **options)


def test_reports_go_where_the_owner_says() -> None:
    assert policy(options={"report_uri": "/csp"}).endswith("; report-uri /csp")
