"""``python -m consent_server.guard URL FILE``: fetch a site's configuration, for cron; and its script, if asked to.

Exit codes: 0 up to date, 1 what came was refused, 2 wrong usage, 3 the server or a file cannot be reached.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from consent_server.domain.errors import Invalid
from consent_server.guard.fetching import fetch_configuration, fetch_script


def main(arguments: list[str]) -> int:
    """Fetch, and say in one sentence for each file what happened."""
    parser = argparse.ArgumentParser(
        prog="python -m consent_server.guard",
        description="Fetch a configuration for the guard. What is not whole, older or another site's is refused.",
        epilog="Exit codes: 0 up to date, 1 refused, 2 wrong usage, 3 unreachable. Then the file stays as it was.",
    )
    parser.add_argument("url", metavar="URL", help="https://consent.example/v1/sites/SITE_KEY/config")
    parser.add_argument("file", metavar="FILE", help="where the configuration is kept, out of the web root")
    parser.add_argument(
        "--script",
        metavar="FILE",
        help="also fetch that configuration's banner script into this file, for the site's own server to serve",
    )
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    code = _said(chosen.file, lambda: fetch_configuration(chosen.url, chosen.file))
    if code or not chosen.script:
        return code
    return _said(chosen.script, lambda: fetch_script(chosen.url, chosen.file, chosen.script))


def _said(path: str, fetch: Callable[[], bool]) -> int:
    try:
        changed = fetch()
    except Invalid as error:
        print(f"Refused, {path} is as it was: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Not fetched, {path} is as it was: {error}", file=sys.stderr)
        return 3
    print(f"{path} was {'replaced' if changed else 'up to date'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
