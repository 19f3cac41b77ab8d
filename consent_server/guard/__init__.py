"""The guard: middleware for the site's own server, doing what a script in the page cannot.

This floor's rule: it imports ``domain`` and the standard library, nothing else, because it runs inside somebody else's
application. It reaches no network and no database while a request waits, keeps nothing between two requests but the
compiled configuration, and never looks at a body.

    wsgi, asgi       how the site's server talks to us
    headers          the recipe: what becomes of one response's headers (pure)
    rules, choice    what the configuration and the visitor say
    set_cookie, cookie_header, first_writes, policy   one header each
    source, fetching where the configuration comes from
"""
