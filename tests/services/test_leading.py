"""One process at a time does a job, and whoever is gone does not keep it."""

from __future__ import annotations

import pytest

from consent_server.services.leading import leading
from tests.proof_logs import Installation


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_one_leads_until_it_is_done_or_gone(installation: Installation) -> None:
    with leading(installation.sessions, "purger") as first:
        with leading(installation.sessions, "purger") as second, leading(installation.sessions, "counter") as other:
            assert (first, second, other) == (True, False, True)
        installation.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
        with leading(installation.sessions, "purger") as next_one:
            assert next_one
    with leading(installation.sessions, "purger") as again:
        assert again


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_where_there_is_one_process_it_leads(installation: Installation) -> None:
    with leading(installation.sessions, "purger") as first, leading(installation.sessions, "purger") as second:
        assert first
        assert second
