"""``python -m consent_server.guard URL FILE``: fetch a site's configuration, for cron.

Exit codes: 0 up to date, 1 what came was refused, 2 wrong usage, 3 the server or the file cannot be reached.
"""

from __future__ import annotations

import sys

from consent_server.domain.errors import Invalid
from consent_server.guard.fetching import fetch_configuration


def main(arguments: list[str]) -> int:
    """Fetch, and say what happened in one sentence."""
    if len(arguments) != 2:
        print("usage: python -m consent_server.guard URL FILE", file=sys.stderr)
        return 2
    url, path = arguments
    try:
        changed = fetch_configuration(url, path)
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
