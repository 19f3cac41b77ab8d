"""The high-water mark: it only rises, is whole or the old one, and belongs to every log of an installation."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from consent_server.domain.errors import LogFrozen
from consent_server.storage.high_water_mark import Mark, raise_mark, read_mark


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "beside-the-key" / "high-water-mark.json"


def _mark(size: int) -> Mark:
    return Mark(size, size.to_bytes(32, "big"))


def test_a_log_without_a_mark_has_none(path: Path) -> None:
    assert read_mark(path, "a") is None
    raise_mark(path, "b", _mark(1))
    assert read_mark(path, "a") is None


def test_a_mark_is_kept_for_each_log(path: Path) -> None:
    raise_mark(path, "a", _mark(3))
    raise_mark(path, "b", _mark(5))
    assert (read_mark(path, "a"), read_mark(path, "b")) == (_mark(3), _mark(5))


def test_a_mark_never_falls(path: Path) -> None:
    raise_mark(path, "a", _mark(5))
    assert raise_mark(path, "a", _mark(3)) == _mark(5)
    assert read_mark(path, "a") == _mark(5)


def test_another_root_of_the_same_size_is_a_contradiction(path: Path) -> None:
    raise_mark(path, "a", _mark(5))
    with pytest.raises(LogFrozen, match="another root for size 5"):
        raise_mark(path, "a", Mark(5, b"\xff" * 32))


def test_writers_at_the_same_time_lose_no_mark(path: Path) -> None:
    def write(origin: str) -> None:
        for size in range(1, 30):
            raise_mark(path, origin, _mark(size))

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [read_mark(path, str(number)) for number in range(4)] == [_mark(29)] * 4


def test_a_write_that_fails_leaves_the_old_mark_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raise_mark(path, "a", _mark(1))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        raise_mark(path, "a", _mark(2))

    assert read_mark(path, "a") == _mark(1)
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name, f"{path.name}.lock"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"format":"another","logs":{}}', '{"format":"consent-server/high-water-mark/v1"}']
    + [
        f'{{"format":"consent-server/high-water-mark/v1","logs":{{"a":{mark}}}}}'
        for mark in ("3", '{"size":3}', '{"size":-1,"root":""}', '{"size":"3","root":"AA=="}')
    ],
)
def test_a_damaged_file_is_not_taken_for_an_empty_one(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(LogFrozen, match="cannot be read"):
        read_mark(path, "a")
