"""``consent-server policy``: read a privacy policy and draft a site's catalogue from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from consent_server.domain.errors import Invalid
from consent_server.domain.policy_text import LONGEST_POLICY, PolicyFindings, read_policy
from consent_server.services.reading_pdf import LARGEST_PDF, is_pdf
from consent_server.services.reading_policies import policy_text

_LONGEST_FILE = 4 * LONGEST_POLICY
"""Bytes of a text: UTF-8 takes at most four for a character."""


class NoSuchText(click.ClickException):
    """What was given is not a file that can be read; told in one sentence."""

    exit_code = 2


@click.group()
def policy() -> None:
    """Privacy policies: read what they say about cookies."""


@policy.command("import")
@click.argument("source", metavar="FILE_OR_URL")
@click.option("--site", "site_key", required=True, metavar="KEY", help="The site whose catalogue is drafted.")
@click.option("--dry-run", is_flag=True, help="Only print what was found; change nothing.")
@click.option("--keep", is_flag=True, help="Keep the text, and compare every scan of the site with it.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def import_(source: str, site_key: str, dry_run: bool, keep: bool, output: str) -> None:
    """Read the policy in FILE_OR_URL (``-`` is standard input; text, HTML or PDF) and draft the catalogue of a site.

    Nothing is sent anywhere: the same text always gives the same findings. A page must be saved to a file first.
    """
    from consent_server.domain.account import command_line
    from consent_server.services import clock, editing  # late: reading a policy needs no database
    from consent_server.services.keeping_policies import keep_policy
    from consent_server.storage import sites
    from consent_server.storage.database import db
    from consent_server.storage.library import load_library

    if dry_run and keep:
        raise click.UsageError("--dry-run keeps nothing: leave one of the two out.")
    text = text_of(source)
    findings = read_policy(text, load_library())
    as_json = output == "json"
    click.echo(json.dumps(findings.to_json(), ensure_ascii=False, indent=2) if as_json else report(findings))
    if not dry_run:
        added = editing.draft_from_policy(db.session(), site_key, findings, clock.now())
        click.echo(f"{site_key}: {', '.join(added) or 'nothing'} added to the draft", err=True)
    if keep:
        site = sites.find_site(db.session(), site_key)
        name = "" if source == "-" else Path(source).name
        kept = keep_policy(db.session(), site, command_line(site.organisation_id), clock.now(), text, name)
        click.echo(f"{site_key}: the text is kept ({kept.digest}); scans are compared with it", err=True)


def text_of(source: str) -> str:
    """Return the text of a file; raise ``NoSuchText`` for what cannot be one."""
    if "://" in source[:12]:
        raise NoSuchText("Addresses are not fetched: save the page to a file first and give the file.")
    try:
        with click.open_file(source, "rb") as stream:
            return _decoded(stream)
    except (FileNotFoundError, IsADirectoryError):
        raise NoSuchText(f"There is no file “{source}”.") from None


def _decoded(stream: IO[bytes]) -> str:
    """Read at most one policy."""
    data = stream.read(LARGEST_PDF + 1)
    if len(data) > _LONGEST_FILE and not is_pdf(data):
        raise Invalid.because(f"A policy has at most {LONGEST_POLICY:,} characters; this file is longer.")
    return policy_text(data)


def report(findings: PolicyFindings) -> str:
    """Return the findings for a person to read."""
    lines = [
        f"Language: {findings.language}",
        f"Date of the policy: {findings.policy_date or 'not said'}",
        f"Contact: {', '.join(findings.contact_emails) or 'not said'}",
        f"Longest lifetime claimed: {findings.max_lifetime_claim or 'not said'}",
        "",
        f"Cookies named: {len(findings.cookies)}",
    ]
    for cookie in findings.cookies:
        whose, purpose = cookie.service or cookie.vendor or "not said whose", cookie.purpose or "unclassified"
        lines += [f"  {cookie.name}  {whose}, {purpose}, {cookie.lifetime or 'no lifetime said'}"]
        lines += [f"      “{cookie.evidence}”"]
    lines += ["", f"Services named: {len(findings.services)}"]
    for service in findings.services:
        lines += [f"  {service.name}  {service.purpose or 'unclassified'}", f"      “{service.evidence}”"]
    lines += ["", f"Statements: {len(findings.statements)}"]
    for statement in findings.statements:
        details = ", ".join(f"{name} {_plain(value)}" for name, value in statement.details.items())
        lines += [f"  {statement.kind}" + (f"  ({details})" if details else ""), f"      “{statement.evidence}”"]
    return "\n".join(lines)


def _plain(value: str | bool | list[str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else " ".join(value) or "none"
