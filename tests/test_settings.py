"""Settings are read once, from the environment or from the files that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from consent_server.config import read_settings


@pytest.mark.parametrize("variable", ["SECRET_KEY", "PROMISE_KEY", "DATABASE_URL"])
def test_a_secret_may_be_in_a_file(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    monkeypatch.delenv(variable, raising=False)
    assert getattr(read_settings(), variable.lower()) == "from the file"
    monkeypatch.setenv(variable, "named")
    assert getattr(read_settings(), variable.lower()) == "named"


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_settings()
