"""What the tag's inline line holds when the script does not come; that it holds it, the browser's tests say."""

from __future__ import annotations

from consent_server.domain.stand_in import refused_names, stand_in


def tracker(name: str, exempt: bool = False, kind: str = "cookie", domain: str = "site") -> dict[str, object]:
    return {"name": name, "kind": kind, "domain": domain, "exemption": {} if exempt else None}


def refused(*trackers: dict[str, object]) -> list[str]:
    return refused_names({"services": [{"trackers": [each]} for each in trackers]})


def test_cookies_of_the_site_that_need_a_yes_are_refused_and_nothing_else() -> None:
    assert refused(tracker("b*"), tracker("a"), tracker("a")) == ["a", "b*"]
    assert refused(tracker("a", kind="local_storage"), tracker("b", domain="tracker.example")) == []


def test_no_exempt_cookie_is_refused_with_others() -> None:
    assert refused(tracker("s*"), tracker("session", exempt=True)) == []
    assert refused(tracker("s_*"), tracker("s_*", exempt=True)) == []
    assert refused(tracker("s_ads"), tracker("s*", exempt=True)) == ["s_ads"]


def test_no_name_and_no_host_ends_the_line() -> None:
    line = stand_in("default-src 'self' </script>", ["</SCRIPT>", '"', "\u2028", "<!--"])
    assert "<" not in line.replace("\\u003c", "")
    assert line.isascii()
    assert line.count("\n") == 0
