"""``consent-server policy import``: the command's promises (CONTRACT 4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from consent_server.cli.policy import policy
from consent_server.domain.errors import Invalid
from consent_server.domain.policy_text import LONGEST_POLICY
from tests.pdfs import pdf_of

TEXT = "Nos cookies sont :\n- _ga : un cookie utilisé par Google Analytics, 13 mois.\n- userId : garde votre compte.\n"


TABLE = """
#set text(lang: "fr")
= Cookies
#table(columns: (2.4cm, 3cm, 6cm, 3cm),
[Nom], [Émetteur], [Finalité], [Durée],
[\\_ga], [Google Analytics], [Compter les visites et savoir d'où elles viennent, page par page], [13 mois],
[wp-settings-\\ time-39], [WordPress], [Garder les réglages], [un an],
[panier], [Nous], [Retenir ce qui est dans le panier d'achat pendant la visite], [Session])
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "policy.txt"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def test_a_dry_run_prints_json_and_touches_no_database(file: str) -> None:
    result = CliRunner().invoke(policy, ["import", file, "--site", "shop", "--dry-run", "--format", "json"])

    assert result.exit_code == 0
    assert [cookie["name"] for cookie in json.loads(result.stdout)["cookies"]] == ["_ga", "userId"]


def test_a_dry_run_prints_a_report_for_people() -> None:
    result = CliRunner().invoke(policy, ["import", "-", "--site", "shop", "--dry-run"], input=TEXT)

    assert result.exit_code == 0
    assert "  _ga  Google Analytics, audience, P13M\n" in result.stdout
    assert "  userId  not said whose, unclassified, no lifetime said\n" in result.stdout


def test_a_file_of_an_older_editor_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes("Dernière mise à jour : 3 février 2020".encode("cp1252"))
    result = CliRunner().invoke(policy, ["import", str(path), "--site", "shop", "--dry-run", "--format", "json"])

    assert json.loads(result.stdout)["policy_date"] == "2020-02-03"


def test_a_pdf_is_read_with_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "policy.pdf"
    path.write_bytes(pdf_of(TABLE))
    result = CliRunner().invoke(policy, ["import", str(path), "--site", "shop", "--dry-run", "--format", "json"])

    found = {cookie["name"]: cookie["lifetime"] for cookie in json.loads(result.stdout)["cookies"]}
    assert found == {"_ga": "P13M", "wp-settings-time-*": "P1Y", "panier": "session"}


@pytest.mark.parametrize("source", ["https://www.example.fr/privacy", "http://[::1]/", "no-such-file.txt", "."])
def test_what_is_no_file_is_wrong_usage_in_one_sentence(source: str) -> None:
    result = CliRunner().invoke(policy, ["import", source, "--site", "shop", "--dry-run"])

    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_file_longer_than_any_policy_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"x" * (4 * LONGEST_POLICY + 1))
    result = CliRunner().invoke(policy, ["import", str(path), "--site", "shop", "--dry-run"])

    assert isinstance(result.exception, Invalid)
