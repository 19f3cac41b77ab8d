"""A server that is asked to stop stops: at once, without a word of complaint, and starts again where it was."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.servers import ConsentServer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_stopping_is_no_error(tmp_path: Path, number: signal.Signals) -> None:
    server = ConsentServer(tmp_path, "run")
    server.start()

    assert server.stop(number) == 0
    assert "Traceback" not in server.output()


def test_a_second_server_on_the_same_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with ConsentServer(tmp_path, "run") as server:
        second = server.command("run")

    assert second.returncode != 0
    assert second.stdout == ""
    assert len(second.stderr.strip().splitlines()) == 1


def test_it_starts_again_with_the_keys_it_made(tmp_path: Path) -> None:
    server = ConsentServer(tmp_path, "run")
    with server:
        made = {Path(line.removeprefix("made ")) for line in server.output().splitlines() if line.startswith("made ")}
        keys = {path: path.read_bytes() for path in made}
    with server:
        assert {path: path.read_bytes() for path in made} == keys

    assert made
    assert server.output().count("made ") == len(made)
