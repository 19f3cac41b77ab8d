"""What is measured: the same page with nothing on it, with the least banner there can be, with five others, with ours.

Each is put on the page as its own documentation says, with a configuration that asks about the same four services. Ours
and ours alone gets the vendors' tags as vendors give them; for the others they are marked by hand, as they demand.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from consent_server.domain.configuration import build_configuration, digest_of
from consent_server.domain.tag import tag
from consent_server.services.demonstrating import LOOPBACK, on_loopback
from consent_server.services.editing import check_draft
from consent_server.services.publishing import banner_script
from consent_server.storage.demo_sites import load_demo_sites
from consent_server.storage.library import load_library
from consent_server.storage.texts import load_languages
from tests import programs

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
SITE = "iabako"

BARE, FLOOR, VANILLA, OREJIME, OURS = "nothing", "floor", "vanilla-cookieconsent", "orejime", "ours"


@dataclass(frozen=True)
class Tag:
    """A vendor's tag: an address, or the code that vendors have site owners paste."""

    service: str
    purpose: str
    source: str = ""
    code: str = ""

    def __str__(self) -> str:
        return self.written()

    def written(self, attributes: str = "", source: str = "src") -> str:
        """Return the tag with more attributes, and its address in another one."""
        if self.source:
            return f'<script async {source}="{self.source}"{attributes}></script>'
        return f"<script{attributes}>{self.code}</script>"


@dataclass(frozen=True)
class Target:
    """One way to ask on the page."""

    name: str
    notice: tuple[str, ...] = ()  # its selectors, one for each tree: a layer may be in a shadow tree
    accept: str = ""
    refuse: str = ""
    head: str = ""
    foot: str = ""
    tagged: Callable[[Tag], str] = field(default=lambda tag: "")
    files: Mapping[str, bytes] = field(default_factory=dict)

    def page(self, tags: list[Tag]) -> bytes:
        """Return the page with this on it."""
        html = (HERE / "page.html").read_text(encoding="utf-8")
        marked = "\n".join(filter(None, map(self.tagged, tags)))
        for place, content in {"HEAD": self.head, "TAGS": marked, "CARDS": _cards(), "FOOT": self.foot}.items():
            html = html.replace(f"\n{place}\n", f"\n{content}\n")
        return html.encode()


def tags(port: int) -> list[Tag]:
    """Return the tags of the demo site ``iabako``, for vendors that answer on this machine."""

    def at(address: str) -> str:
        host, _, path = address.partition("/")
        return f"//{host}{LOOPBACK}:{port}/{path}"

    insert = (
        "(function(w,d,e,u,f,l,n){w[f]=w[f]||function(){(w[f].q=w[f].q||[]).push(arguments)},l=d.createElement(e),l.async=1,"
        "l.src=u,n=d.getElementsByTagName(e)[0],n.parentNode.insertBefore(l,n)})"
    )
    gtag = "window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}gtag('js',new Date());"
    meta, mailer = at("connect.facebook.net/fr_FR/fbevents.js"), at("assets.mailerlite.com/js/universal.js")
    return [
        Tag("google-analytics", "audience", source=at("www.googletagmanager.com/gtag/js?id=G-DEMO123")),
        Tag("google-analytics", "audience", code=f"{gtag}gtag('config','G-DEMO123');"),
        Tag("google-ads", "marketing", source=at("www.googleadservices.com/pagead/conversion_async.js")),
        Tag("meta-pixel", "marketing", code=f"{insert}(window,document,'script','{meta}','fbq');fbq('init','1');"),
        Tag("mailerlite", "marketing", code=f"{insert}(window,document,'script','{mailer}','ml');ml('account','1');"),
    ]


def targets(port: int, runtimes: Mapping[str, bytes]) -> Iterator[Target]:
    """Yield everything that is measured; ``runtimes`` are builds of ours by name."""
    yield Target(BARE)
    yield Target(
        FLOOR,
        notice=("#floor",),
        accept="#accept",
        refuse="#refuse",
        head='<script src="/files/floor.js"></script>',
        files={"floor.js": (HERE / "floor.js").read_bytes()},
    )
    yield Target(
        VANILLA,
        notice=("#cc-main .cm",),
        accept=".cm [data-role=all]",
        refuse=".cm [data-role=necessary]",
        head='<link rel="stylesheet" href="/files/vanilla-cookieconsent.css">',
        foot='<script type="module" src="/files/vanilla-cookieconsent-config.js"></script>',
        tagged=lambda tag: tag.written(
            f' type="text/plain" data-category="{tag.purpose}" data-service="{tag.service}"'
        ),
        files={
            "vanilla-cookieconsent.css": _module("vanilla-cookieconsent/dist/cookieconsent.css"),
            "vanilla-cookieconsent.umd.js": _module("vanilla-cookieconsent/dist/cookieconsent.umd.js"),
            "vanilla-cookieconsent-config.js": _configuration("vanilla-cookieconsent"),
        },
    )
    yield Target(
        OREJIME,
        notice=(".orejime-Banner",),
        accept=".orejime-Banner-saveButton",
        refuse=".orejime-Banner-declineButton",
        head='<link rel="stylesheet" href="/files/orejime.css">',
        foot=f'<script>{_configuration("orejime").decode()}</script>\n<script src="/files/orejime.js"></script>',
        tagged=lambda tag: f'<template data-purpose="{tag.service}">{tag}</template>',
        files={
            "orejime.css": _module("orejime/dist/orejime-standard.css"),
            "orejime.js": _module("orejime/dist/orejime-standard-fr.js"),
        },
    )
    services = [
        [tag.service, "analytic" if tag.purpose == "audience" else "ads", tag.service, "/vendor.js"]
        for tag in tags(port)[1:]
    ]
    yield Target(
        "tarteaucitron",
        notice=("#tarteaucitronAlertBig",),
        accept="#tarteaucitronPersonalize2",
        refuse="#tarteaucitronAllDenied2",
        head='<script src="/files/tarteaucitron.js"></script>\n'
        f"<script>{_configuration('tarteaucitron').decode().replace('TAGS', json.dumps(services))}</script>",
        files={
            "tarteaucitron.js": _module("tarteaucitronjs/tarteaucitron.min.js"),
            "tarteaucitron.services.js": _module("tarteaucitronjs/tarteaucitron.services.min.js"),
            "css/tarteaucitron.css": _module("tarteaucitronjs/css/tarteaucitron.min.css"),
            "lang/tarteaucitron.fr.js": _module("tarteaucitronjs/lang/tarteaucitron.fr.min.js"),
        },
    )
    yield Target(
        "klaro",
        notice=(".klaro .cookie-notice",),
        accept=".cookie-notice .cm-btn-success:not(.cm-btn-success-var)",
        refuse=".cookie-notice .cn-decline",
        head='<script defer src="/files/klaro-config.js"></script>\n<script defer src="/files/klaro.js"></script>',
        tagged=lambda tag: tag.written(
            f' type="text/plain" data-type="text/javascript" data-name="{tag.service}"', "data-src"
        ),
        files={"klaro-config.js": _configuration("klaro"), "klaro.js": _module("klaro/dist/klaro.js")},
    )
    scripts = [
        {
            "id": f"{tag.service}-{number}",
            "category": "measurement" if tag.purpose == "audience" else "marketing",
            **({"src": tag.source} if tag.source else {"textContent": tag.code}),
        }
        for number, tag in enumerate(tags(port))
    ]
    yield Target(
        "c15t",
        notice=("[data-testid=consent-banner-root]",),
        accept="[data-testid=consent-banner-accept-button]",
        refuse="[data-testid=consent-banner-reject-button]",
        head='<link rel="stylesheet" href="/files/c15t.css">',
        foot=f'<script>c15tScripts = {json.dumps(scripts)}</script>\n<script src="/files/c15t.js"></script>',
        files={"c15t.js": _bundle("peers/c15t.js"), "c15t.css": _bundle("node_modules/@c15t/react/dist/styles.css")},
    )
    for name, runtime in runtimes.items():
        yield Target(
            name,
            notice=("[data-consent-banner]", "dialog"),
            accept="[data-consent-action=accept-all]",
            refuse="[data-consent-action=refuse-all]",
            head=tag(f"/files/{name}/banner.js"),
            tagged=str,
            files={f"{name}/banner.js": ours(port, runtime)},
        )


def ours(port: int, runtime: bytes) -> bytes:
    """Return our script as the server would serve it for the demo site, its vendors' names on this machine added."""
    document = next(each for each in load_demo_sites() if each["site_key"] == SITE)
    configuration = build_configuration(
        check_draft(on_loopback(document, f"http://localhost:{port}")),
        version=1,
        previous=None,
        runtime_digest=digest_of(runtime),
        published_at=datetime(2026, 1, 1, tzinfo=UTC),
        texts=load_languages(),
        known_trackers=load_library().known_tracker_patterns(),
    )
    return banner_script(configuration, runtime)


def _cards() -> str:
    text = (
        "Créez un devis, changez-le en facture, relancez vos clients, suivez ce qui rentre, sans rien saisir deux fois."
    )
    return f"<ul>{''.join(f'<li><div></div><h2>Étape {n}</h2><p>{text}</p></li>' for n in range(1, 25))}</ul>"


def _module(path: str) -> bytes:
    return (MODULES / path).read_bytes()


def _bundle(path: str) -> bytes:
    """Return what a site's own build would serve of a banner that is made of modules."""
    esbuild = [str(programs.node()), str(MODULES / "esbuild" / "bin" / "esbuild")]
    options = ["--bundle", "--minify", '--define:process.env.NODE_ENV="production"']
    return subprocess.run([*esbuild, path, *options], cwd=HERE, check=True, capture_output=True).stdout


def _configuration(name: str) -> bytes:
    return (HERE / "peers" / f"{name}.js").read_bytes()
