"""The command line (CONTRACT 4): parses, calls one deed of ``services``, prints. Errors are one sentence on stderr.

Exit codes: 0 done, 1 the check found something, 2 wrong usage, 3 the system failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from environs import EnvError
from flask import Flask
from flask.cli import ScriptInfo, with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from consent_server.cli.accounts import ACCOUNTS
from consent_server.cli.backup import BACKUP
from consent_server.cli.keys import key
from consent_server.cli.library import library
from consent_server.cli.policy import policy
from consent_server.cli.proofs import proofs
from consent_server.cli.scan import SCANNING
from consent_server.cli.serve import SERVING
from consent_server.cli.sites import site
from consent_server.cli.statistics import statistics
from consent_server.domain.errors import ConsentServerError, Invalid, LogFrozen, Unavailable
from consent_server.services.publishing import Unfair

DONE, FOUND, USAGE, FAILED = 0, 1, 2, 3


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="consent-server", prog_name="consent-server")
def commands() -> None:
    """Consent Server: ask fairly, block until yes, prove every answer."""


def _inside_the_app(command: click.Command) -> click.Command:
    """Give every leaf command an application context, made only when the command really runs."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _inside_the_app(inner)
    elif command.callback is not None:
        command.callback = with_appcontext(command.callback)
    return command


for _group in (site, policy, library, proofs, key, statistics, *SCANNING, *BACKUP, *ACCOUNTS):
    commands.add_command(_inside_the_app(_group))
for _command in SERVING:
    commands.add_command(_command)


def register(app: Flask) -> None:
    """Offer the same commands under ``flask --app wsgi``."""
    for name, command in commands.commands.items():
        app.cli.add_command(command, name)


def main(create_app: Callable[[], Flask], arguments: Iterable[str] | None = None) -> int:
    """Run one command and return its exit code."""
    info = ScriptInfo(create_app=lambda *_: create_app(), set_debug_flag=False)
    try:
        given = list(arguments) if arguments is not None else None
        result = commands.main(given, prog_name="consent-server", obj=info, standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        return _say("Stopped.", FAILED)
    except click.ClickException as wrong:
        wrong.show()
        return USAGE
    except Unfair as unfair:
        for finding in unfair.findings:
            click.echo(f"{finding.requirement}  {finding.where}: {finding.message} ({finding.source})", err=True)
        return _say("Not published: the banner does not ask fairly yet.", FOUND)
    except Invalid as wrong_value:
        for path, messages in wrong_value.problems.items():
            for message in messages:
                click.echo(f"{path}: {message}" if path else message, err=True)
        return USAGE
    except (Unavailable, LogFrozen) as away:
        return _say(str(away), FAILED)
    except ConsentServerError as error:
        return _say(str(error), USAGE)
    except EnvError as error:
        return _say(f"A setting is wrong: {error}", USAGE)
    except SQLAlchemyError as error:
        return _say(
            f"The database is away or was never migrated ({type(error).__name__}); try `consent-server init`.", FAILED
        )
    except OSError as error:
        return _say(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "), FAILED)


def _say(sentence: str, code: int) -> int:
    click.echo(sentence, err=True)
    return code
