"""``consent-server scan|audit|drift``: visit a site in a real browser, tell what it does, and what of that is wrong.

``drift`` needs no browser: it lays a scan that was saved beside what the site says of itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from consent_server.browser.crawl import Plan
from consent_server.cli.policy import text_of
from consent_server.domain.audit import FAILS, UNDECIDED, Verdict, audit
from consent_server.domain.audit_reports import FORMATS, LANGUAGES, PDF
from consent_server.domain.audit_reports.as_text import write_text
from consent_server.domain.audit_reports.words import Words, one_line
from consent_server.domain.baseline import Baseline, baseline_from_json, baseline_of
from consent_server.domain.classification import Classified, Classifier
from consent_server.domain.drift import COLUMNS, Drift, contradictions, find_drift
from consent_server.domain.errors import Invalid
from consent_server.domain.library import Library
from consent_server.domain.policy_text import PolicyFindings, read_policy
from consent_server.domain.scan import Pass, Scan, host_of, on_phone, picture_file, scan_from_json
from consent_server.domain.spreadsheet import write_csv
from consent_server.domain.times import rfc3339
from consent_server.domain.tracker import Service
from consent_server.services import scanning
from consent_server.services.editing import check_draft
from consent_server.services.printing import print_audit
from consent_server.storage import policy_texts, sites
from consent_server.storage.database import db
from consent_server.storage.library import load_library

FOUND = 1
"""The exit code when a check found something (CONTRACT 4)."""

SCAN_FILE = "scan.json"
WITH_PICTURES = ("html", PDF)


@click.command("scan")
@click.argument("address", metavar="URL")
@click.option("--site", "site_key", metavar="KEY", help="Compare with the catalogue of this site.")
@click.option("--pages", default=3, show_default=True, help="How many pages of the site are visited.")
@click.option("--seconds", default=300, show_default=True, help="After how long the visit is ended.")
@click.option("--allow-private", is_flag=True, help="Also visit addresses that only this machine or its network has.")
@click.option(
    "--resolve", multiple=True, metavar="HOST=ADDRESS:PORT", help="Look for a host elsewhere, as before a move."
)
@click.option("--evidence", metavar="DIR", help="Keep the scan and a picture of each visit in this folder.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def scan_(
    address: str,
    site_key: str | None,
    pages: int,
    seconds: int,
    allow_private: bool,
    resolve: tuple[str, ...],
    evidence: str | None,
    output: str,
) -> None:
    """Visit URL before any choice, after a refusal, an agreement and a withdrawal, and tell what was set and asked for.

    No value of a cookie is read, and nothing is kept unless --evidence says where.
    """
    services = _services(site_key)
    plan = _plan(address, services, pages, seconds, allow_private, resolve)
    done = _visit(replace(plan, pictures=evidence is not None))
    _keep(done, evidence)
    if output == "json":
        _write("-", _encoded(json.dumps(done.to_json(), ensure_ascii=False, indent=2) + "\n"))
        return
    classifier = Classifier(load_library(), host_of(done.address), services)
    for each in done.passes:
        click.echo("\n".join(map(one_line, _report(each, classifier))))


@click.command("audit")
@click.argument("address", metavar="[URL]", required=False)
@click.option(
    "--from", "kept", metavar="DIR", help="Judge again what --evidence kept in this folder; nothing is visited."
)
@click.option("--site", "site_key", metavar="KEY", help="Judge by the catalogue of this site.")
@click.option("--policy", "source", metavar="FILE", help="Compare with what this privacy policy says.")
@click.option("--pages", default=3, show_default=True, help="How many pages of the site are visited.")
@click.option("--seconds", default=300, show_default=True, help="After how long the visit is ended.")
@click.option("--allow-private", is_flag=True, help="Also visit addresses that only this machine or its network has.")
@click.option(
    "--resolve", multiple=True, metavar="HOST=ADDRESS:PORT", help="Look for a host elsewhere, as before a move."
)
@click.option("--evidence", metavar="DIR", help="Keep the scan and a picture of each visit in this folder.")
@click.option("--baseline", metavar="FILE", help="What this file names is known, and no reason to exit with 1.")
@click.option("--write-baseline", "written", metavar="FILE", help="Write what is found to this file, as known.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "unknown", "never"]),
    default="error",
    show_default=True,
    help="Exit with 1 when a check fails; or when it fails or cannot tell; or never.",
)
@click.option("--format", "form", type=click.Choice([*FORMATS, PDF]), default="text", show_default=True)
@click.option(
    "--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True, help="Of what people read in it."
)
@click.option("-o", "--output", default="-", metavar="FILE", help="File to write the report to.")
def audit_(
    address: str | None,
    kept: str | None,
    site_key: str | None,
    source: str | None,
    pages: int,
    seconds: int,
    allow_private: bool,
    resolve: tuple[str, ...],
    evidence: str | None,
    baseline: str | None,
    written: str | None,
    fail_on: str,
    form: str,
    language: str,
    output: str,
) -> None:
    """Visit URL and say what breaks the rules on cookies, who does it, and what to do. Any banner, not ours alone.

    With --policy it also says where the policy's text, the catalogue and the browser part; with --site and no --policy,
    the text is the one that the site keeps, if any.
    """
    if form == PDF and output == "-" and sys.stdout.isatty():
        raise click.UsageError("A PDF is not for a terminal: give a file with -o FILE.")
    if (address is None) == (kept is None):
        raise click.UsageError("Give the URL to visit, or --from DIR.")
    known = _baseline(baseline)
    library, services = load_library(), _services(site_key)
    findings = _policy(source, library) or _kept_policy(site_key, library)
    if address is None:
        done = _from(str(kept))
    else:
        plan = _plan(address, services, pages, seconds, allow_private, resolve)
        done = _visit(replace(plan, pictures=evidence is not None or form in WITH_PICTURES))
    _keep(done, evidence)
    drifts = _drifts(done, library, findings, services if site_key else None) if findings else None
    verdicts = audit(done, Classifier(library, host_of(done.address), services), library, drifts)
    if written is not None:
        known = baseline_of(verdicts)
        _write(written, known.to_json().encode())
    for each in known.gone(verdicts):
        click.echo(f"Of the baseline, and not seen this time: {one_line(each.told)}", err=True)
    verdicts = known.mark(verdicts)
    _write(output, _told_as(form, done, verdicts, language, styled=output == "-" and _in_colour()))
    stops = {"error": {FAILS}, "unknown": {FAILS, UNDECIDED}, "never": set()}[fail_on]
    if any(verdict.verdict in stops and not verdict.known for verdict in verdicts):
        sys.exit(FOUND)


@click.command("drift")
@click.argument("saved", metavar="SCAN.json")
@click.option("--policy", "source", metavar="FILE", help="The site's privacy policy: text, HTML or PDF.")
@click.option("--site", "site_key", metavar="KEY", help="The site whose catalogue is compared.")
@click.option("--format", "output", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True, help="Of the text.")
def drift_(saved: str, source: str | None, site_key: str | None, output: str, language: str) -> None:
    """Say where a site's policy, its catalogue and what a browser saw part.

    SCAN.json is what scan --format json printed (- is standard input). Exit code 1 when they contradict each other.
    """
    if source is None and site_key is None:
        raise click.UsageError("Give what the scan is compared with: --policy FILE, --site KEY, or both.")
    done, library = _saved(saved), load_library()
    drifts = _drifts(done, library, _policy(source, library), _services(site_key) if site_key else None)
    _write("-", _encoded(_DRIFT_FORMATS[output](done, drifts, Words(language))))
    if contradictions(drifts):
        sys.exit(FOUND)


def _keep(done: Scan, folder: str | None) -> None:
    """Write a scan and its pictures into a folder, which is made."""
    if folder is None:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    document = json.dumps(done.to_json(), ensure_ascii=False, indent=2) + "\n"
    _write(str(Path(folder, SCAN_FILE)), _encoded(document))
    for name, picture in done.pictures.items():
        _write(str(Path(folder, picture_file(name))), picture)


def _from(folder: str) -> Scan:
    """Return what ``_keep`` wrote."""
    done = _saved(str(Path(folder, SCAN_FILE)))
    names = [name for seen in done.passes for name in (seen.name, on_phone(seen.name))]
    files = {name: Path(folder, picture_file(name)) for name in names}
    return replace(done, pictures={name: file.read_bytes() for name, file in files.items() if file.is_file()})


def _told_as(form: str, done: Scan, verdicts: Sequence[Verdict], language: str, *, styled: bool) -> bytes:
    if form == PDF:
        return print_audit(done, verdicts, [language])[language]
    if form == "text":
        return write_text(done, verdicts, language, styled=styled).encode()
    return _encoded(FORMATS[form](done, verdicts, language))


def _encoded(report: str) -> bytes:
    """Return a text as UTF-8; a page may name a cookie with half a character, which no encoding has."""
    return report.encode(errors="backslashreplace")


def _in_colour() -> bool:
    """Whether standard output is a terminal of somebody who has not said no to colours (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _write(path: str, report: bytes) -> None:
    """Write a file, or to standard output."""
    with click.open_file(path, "wb", atomic=path != "-") as stream:
        stream.write(report)


def _baseline(path: str | None) -> Baseline:
    """Return what is known, before anything is visited."""
    if path is None:
        return Baseline()
    try:
        with click.open_file(path, "rb") as stream:
            return baseline_from_json(json.load(stream))
    except (FileNotFoundError, IsADirectoryError):
        raise Invalid.because(f"There is no file “{path}”.") from None
    except (ValueError, RecursionError):
        raise Invalid.because(f"“{path}” is not JSON.") from None


def _saved(path: str) -> Scan:
    """Return the scan in a file that ``scan`` or ``audit`` wrote as JSON."""
    try:
        with click.open_file(path, "rb") as stream:
            document = json.load(stream)
        return scan_from_json(document.get("scan", document))
    except (FileNotFoundError, IsADirectoryError):
        raise Invalid.because(f"There is no file “{path}”.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Invalid.because("This is not a scan: write one with “scan URL --format json”.") from None


def _policy(source: str | None, library: Library) -> PolicyFindings | None:
    return None if source is None else read_policy(text_of(source), library)


def _kept_policy(site_key: str | None, library: Library) -> PolicyFindings | None:
    """Return what the policy says whose text a site of this server keeps, and tell which text that is."""
    if site_key is None:
        return None
    kept = policy_texts.find_policy_text(db.session(), sites.find_site(db.session(), site_key).id)
    if kept is None:
        return None
    click.echo(f"Compared with the policy that {site_key} keeps since {rfc3339(kept.kept_at)}: {kept.digest}", err=True)
    return read_policy(kept.text, library)


def _drifts(
    done: Scan, library: Library, findings: PolicyFindings | None, services: Sequence[Service] | None
) -> tuple[Drift, ...]:
    classifier = Classifier(library, host_of(done.address), services or ())
    return find_drift(done, classifier, findings, services)


def _drift_text(done: Scan, drifts: Sequence[Drift], words: Words) -> str:
    lines = [words("Drift of {}, {}", done.address, done.started_at), ""]
    for each in drifts:
        lines += _drift_lines(each, words)
    lines.append(words("{} of {} differences are contradictions.", len(contradictions(drifts)), len(drifts)))
    return "\n".join(map(one_line, lines)) + "\n"


def _drift_lines(each: Drift, words: Words) -> list[str]:
    mark, sort, kind = "✗" if each.contradiction else "?", each.sort.replace("_", " "), each.kind.replace("_", " ")
    told, domain, page = words(": "), *(f" {words('on {}', at)}" if at else "" for at in (each.domain, each.page))
    lines = [f"{mark} {words(sort)}{told}{words(kind)} {each.name}{domain}"]
    lines += [f"    {words('policy')}{told}{words.said(each.policy)}"] if each.policy is not None else []
    lines += [f"      “{each.passage}”"] if each.passage else []
    lines += [f"    {words('catalogue')}{told}{words.said(each.catalogue)}"] if each.catalogue is not None else []
    lines += [f"    {words('browser')}{told}{words.said(each.browser)}{page}"]
    return lines + ([f"    {words('by {}', ' ← '.join(each.set_by[:3]))}"] if each.set_by else [])


def _drift_json(done: Scan, drifts: Sequence[Drift], _words: Words) -> str:
    told = {
        "address": done.address,
        "scanned_at": done.started_at,
        "contradictions": len(contradictions(drifts)),
        "drifts": [each.to_json() for each in drifts],
    }
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def _drift_csv(_done: Scan, drifts: Sequence[Drift], _words: Words) -> str:
    return write_csv(COLUMNS, (each.to_row() for each in drifts))


_DRIFT_FORMATS = {"text": _drift_text, "json": _drift_json, "csv": _drift_csv}


def _services(site_key: str | None) -> tuple[Service, ...]:
    if site_key is None:
        return ()
    return tuple(check_draft(sites.find_site(db.session(), site_key).draft).services)


def _plan(
    address: str, services: Sequence[Service], pages: int, seconds: int, private: bool, resolve: Sequence[str]
) -> Plan:
    return Plan(
        address,
        pages,
        purposes=scanning.purposes_of(services),
        patterns=scanning.patterns_of(services),
        private=private,
        seconds=seconds,
        resolve=dict(each.partition("=")[::2] for each in resolve),
    )


def _visit(plan: Plan) -> Scan:
    """Scan, with a line for each pass on a terminal."""
    done, ended_early = scanning.scan(plan, _told if sys.stderr.isatty() else lambda _pass: None)
    if ended_early:
        click.echo(f"The visit ended early: {ended_early}.", err=True)
    return done


def _told(done: Pass) -> None:
    click.echo(f"{done.name}: {len(done.pages)} pages, {len(done.requests)} addresses", err=True)


def _report(seen: Pass, classifier: Classifier) -> list[str]:
    banner = seen.banner.name if seen.banner else "no banner"
    lines = [f"{seen.name}: {', '.join(seen.pages) or 'no page'}; {banner}"]
    lines += [f"  {_line(each)}" for each in classifier.of_pass(seen)]
    lines += [f"  frame {frame}" for frame in seen.frames]
    lines += [f"  service worker {worker}" for worker in seen.service_workers]
    lines += [f"  limit: {limit}" for limit in seen.limits]
    return lines


def _line(each: Classified) -> str:
    needs = {True: "needs consent", False: "exempt", None: "unknown"}[each.needs_consent]
    return (
        f"{each.kind.replace('_', ' ')} {each.name} on {each.domain}: {each.purpose or '–'}, {needs} ({each.because})"
    )


SCANNING = (scan_, audit_, drift_)
