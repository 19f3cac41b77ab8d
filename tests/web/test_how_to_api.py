"""The commands of docs/how-to-api.md do what the page says, as they are written, on a server that runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from tests.servers import ConsentServer

PAGE = Path(__file__).parents[2] / "docs" / "how-to-api.md"


def test_the_commands_of_the_page_lead_from_nothing_to_a_site_that_is_live(tmp_path: Path) -> None:
    with ConsentServer(tmp_path, "run", "--demo") as server:
        making, *blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
        assert "consent-server token create --role editor --days 30" in making
        token = server.command("token", "create", "--role", "editor", "--days", "30").stdout.strip()
        done = subprocess.run(
            ["bash", "-e", "-c", "echo\n".join(blocks)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "TOKEN": token, "API": f"{server.url}/api/v1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr + server.output()
    shown = json.loads(done.stdout.splitlines()[-1])
    assert (shown["site_key"], shown["version"]) == ("shop", 1)
    assert "/v1/sites/shop/banner.js" in shown["tags"]["following"]
