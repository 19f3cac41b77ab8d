"""Visitors' browsers: public, cross-origin, no cookies, no session (CONTRACT 1)."""

from flask import Flask

from consent_server.web.visitor.banner import blueprint as banner
from consent_server.web.visitor.choices import blueprint as choices
from consent_server.web.visitor.consents import blueprint as consents
from consent_server.web.visitor.content_policy import blueprint as content_policy
from consent_server.web.visitor.declaration import blueprint as declaration
from consent_server.web.visitor.hot import HotReads
from consent_server.web.visitor.hot_posts import HotPosts
from consent_server.web.visitor.notices import blueprint as notices
from consent_server.web.visitor.receipts import blueprint as receipts
from consent_server.web.visitor.versions import blueprint as versions

BLUEPRINTS = (banner, notices, consents, receipts, choices, declaration, content_policy, versions)


def register(app: Flask) -> None:
    """Put the answers that everybody asks for in front of the application."""
    app.extensions["hot_reads"] = hot = HotReads(lambda: app.extensions["shelf"])
    app.extensions["hot_posts"] = posts = HotPosts(app)
    app.wsgi_app = hot.in_front_of(posts.in_front_of(app.wsgi_app))  # type: ignore[assignment,method-assign]  # as Flask has it
