"""What holds for every file of the repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LARGEST = 5_000_000

FORBIDDEN = {
    "a path of somebody's machine": re.compile(
        r"(?<![\w.:/-])/(?:work|farm|root)/\w|(?<![\w.:/-])/home/[a-z]\w*/|[A-Z]:\\Users\\|(?<![\w.:/-])/opt/(?:wheels|pypi)"
    ),
    "the host of a package registry": re.compile(
        r"registry\.npmjs\.org|registry\.yarnpkg\.com|files\.pythonhosted\.org|pypi\.org/simple|deb\.debian\.org"
    ),
    "an unfinished merge": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}


def _files() -> Iterator[Path]:
    """Walk what git would track: everything but the folders that .gitignore names."""
    ignored = {line.strip().rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()} | {".git"}
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if any(path.match(pattern) for pattern in ignored if pattern):
                continue
            if path.is_dir():
                folders.append(path)
            else:
                yield path


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_contains(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
        for path in _files()
        for text in [path.read_text(errors="replace")]
        for match in [FORBIDDEN[what].search(text)]
        if match
    ]
    assert found == [], f"{what}: {found}"


def test_no_file_is_large() -> None:
    assert [str(path.relative_to(ROOT)) for path in _files() if path.stat().st_size > LARGEST] == []


def test_the_locks_give_a_hash_for_every_package() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        packages = re.split(r"\n(?=\w)", lock.read_text().strip())
        assert [package.partition(" ")[0] for package in packages if "--hash=sha256:" not in package] == []


def test_the_tests_lock_the_versions_that_run() -> None:
    run, test = ((ROOT / "requirements" / name).read_text() for name in ("run.txt", "test.txt"))
    pins = [set(re.findall(r"^(\S+==\S+)", text, re.MULTILINE)) for text in (run, test)]
    assert pins[0] - pins[1] == set()


def test_ci_can_be_started() -> None:
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
