"""Further pages are the site's own, those that its robots.txt allows, found within bounds whatever it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler

import pytest

from consent_server.browser import finding
from consent_server.browser.egress import egress
from consent_server.browser.finding import Finding
from tests.scan.hostile_pages import MB, HostileServer, drips, packed, says_nothing, send

Answered = str | bytes | Callable[[BaseHTTPRequestHandler], None]


def _found(
    answers: Mapping[str, Answered], links: tuple[str, ...] = (), most: int = 10
) -> tuple[list[str], Finding, list[str]]:
    """Return the paths that were found on a site, who found them, and what was asked for."""

    def respond(to: BaseHTTPRequestHandler) -> None:
        answer = answers.get(to.path)
        if callable(answer):
            answer(to)
        else:
            send(to, answer or b"", 200 if answer is not None else 404)

    with HostileServer(respond) as server, egress(100 * MB, {}, private=True) as way:
        site = f"http://site.localhost:{server.port}"
        finder = Finding(way, "site.localhost")
        pages = finder.pages(f"{site}/", [each.format(site=site) for each in links], most)
        return [each.removeprefix(site) for each in pages], finder, [path for path, _ in server.asked]


def test_pages_are_the_sites_own_each_once_and_no_files_nor_passwords() -> None:
    links = (
        "{site}/",
        "{site}/a#one",
        "{site}/a?two",
        "{site}/file.pdf",
        "https://other.example/b",
        "mailto:me@site.localhost",
        "file:///etc/passwd",
        "http://name:word@site.localhost/c",
        "http://[bad",
        "{site}/" + "x" * 5_000,
        "{site}/d.html",
    )
    assert _found({}, links)[0] == ["/a", "/d.html"]


def test_robots_are_told_what_they_may_visit_and_how_often() -> None:
    pages, finder, _ = _found(
        {"/robots.txt": "User-agent: *\nDisallow: /in\nCrawl-delay: 86400\n"}, ("{site}/in/a", "{site}/b")
    )
    assert pages == ["/b"]
    assert finder.delay == finding.LONGEST_DELAY_S


@pytest.mark.parametrize(
    "answer", [lambda to: send(to, "", 503), says_nothing, drips], ids=["fails", "silent", "drips"]
)
def test_a_site_whose_robots_file_fails_is_visited_no_further(
    answer: Callable[[BaseHTTPRequestHandler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "PATIENCE_S", 2.0)
    started = time.monotonic()
    pages, finder, _ = _found({"/robots.txt": answer}, ("{site}/a",))
    assert pages == []
    assert "robots.txt did not answer" in finder.trouble
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "text",
    ["User-agent: *\nCrawl-delay: ²", "User-agent: *\nRequest-rate: 0/1", "\0\xff" * 1_000, "Disallow: /\n" * 200_000],
    ids=["no-number", "no-rate", "noise", "long"],
)
def test_a_robots_file_that_is_none_stops_nothing_but_the_search(text: str) -> None:
    started = time.process_time()
    pages, _, _ = _found({"/robots.txt": text}, tuple(f"{{site}}/{number}" for number in range(1_000)))
    assert len(pages) <= 10
    assert time.process_time() - started < 10


def _sitemap(*addresses: str, index: bool = False) -> str:
    kind, each = ("sitemapindex", "sitemap") if index else ("urlset", "url")
    return f"<{kind}>" + "".join(f"<{each}><loc>{address}</loc></{each}>" for address in addresses) + f"</{kind}>"


def _of(*paths: str, index: bool = False) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda to: send(to, _sitemap(*(f"http://{to.headers['Host']}{path}" for path in paths), index=index))


def test_sitemaps_are_followed_within_the_site_and_not_without_end() -> None:
    assert _found({"/sitemap.xml": _of("/a", "/b?x=1&amp;y=2", "/c.pdf")})[0] == ["/a", "/b?x=1&y=2"]
    assert _found({"/sitemap.xml": _of("/more.xml", index=True), "/more.xml": _of("/a")})[0] == ["/a"]
    pages, _, asked = _found(
        {f"/{each}.xml": _of(f"/{each + 1}.xml", index=True) for each in range(50)}
        | {"/sitemap.xml": _of("/0.xml", "/sitemap.xml", index=True)}
    )
    assert (pages, len(asked)) == ([], 1 + finding.MOST_SITEMAPS)
    assert _found({"/sitemap.xml": _sitemap("http://127.0.0.1:1/a", "http://other.localhost/b")})[0] == []


def test_what_is_asked_for_is_not_followed_elsewhere() -> None:
    _, _, asked = _found({"/robots.txt": lambda to: send(to, "", 302, Location="http://127.0.0.1:9/")}, ("{site}/a",))
    assert asked == ["/robots.txt", "/sitemap.xml"]


def test_a_packed_sitemap_takes_no_more_memory_than_is_wanted() -> None:
    bomb = packed(_sitemap(*("http://site.localhost/far" for _ in range(20_000))).encode(), 400)
    assert len(bomb) < 5 * MB
    started = time.process_time()
    assert _found({"/sitemap.xml": bomb})[0] == ["http://site.localhost/far"]
    assert time.process_time() - started < 5
