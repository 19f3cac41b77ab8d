"""What forms of several pages share: where the request comes from, and mistakes told where they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flask import current_app, request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField
from wtforms.fields.choices import SelectChoice

from consent_server.domain.errors import ConsentServerError, Invalid
from consent_server.services.reducing import reduce_user_agent
from consent_server.services.sealing import Sealer, read_sealer
from consent_server.services.signing_in import device_words
from consent_server.web.admin.told import told
from consent_server.web.limits import network_of

LONGEST_NUMBER = 15

SENTENCES: Iterable[object] = (
    _l("This is not an e-mail address."),
    _l("Too few different characters: this password is guessed at once."),
    _l("A password is not your name or address."),
    _l("This code is not right, or was used already. Wait for the next one."),
    _l("This is not your password."),
    _l(
        "Codes of your application cannot be checked: the server’s SECRET_KEY is another since. Use a recovery code, "
        "or ask an owner to remove your second factor; then add it again."
    ),
    _l("The e-mail address, the password or the code is not right."),
    _l("Too many tries. Wait a quarter of an hour."),
    _l("This link does not work: it was used already, another one was made since, or its time is over."),
    _l("There is somebody with this address already."),
    _l("This is the last owner: make somebody else an owner first."),
    _l("This person is disabled: let them in again first."),
    _l("An organisation has a name."),
    _l("There is an owner already."),
    _l("There is a second factor already: remove it first."),
    _l("There is no such user."),
    _l("There is no such token."),
)
"""What the services under these pages say, so that it is translated."""


class NumberField(IntegerField):  # type: ignore[misc]  # wtforms has no types
    """A whole number. Of hundreds of digits so many are read that it is too large: WTForms takes it for a float."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([each.strip()[:LONGEST_NUMBER] for each in valuelist])


def choices(of: Mapping[Any, Any]) -> list[SelectChoice]:
    """Return what a list offers: value to label."""
    return [SelectChoice(str(value), label) for value, label in of.items()]


def network() -> str:
    """Return the network that the request comes from, for counting tries."""
    return network_of(request.remote_addr)


def device() -> str:
    """Return what the browser is called in the list of sign-ins."""
    return device_words(reduce_user_agent(request.user_agent.string))


def sealer() -> Sealer:
    """Return what second factors are sealed with."""
    return read_sealer(current_app.extensions["settings"])


def in_words(error: ConsentServerError) -> str:
    """Return what went wrong, in the language of the page."""
    return " ".join(told(message) for messages in _problems(error).values() for message in messages)


def tell(form: FlaskForm, error: ConsentServerError, called: Mapping[str, str] = MappingProxyType({})) -> None:
    """Put what went wrong beside the fields that it is about (``called`` otherwise below), else on top."""
    for path, messages in _problems(error).items():
        name, said = called.get(path, path), [told(message) for message in messages]
        if name in form:
            form[name].errors = [*form[name].errors, *said]
        else:
            form.form_errors = [*form.form_errors, *said]


def _problems(error: ConsentServerError) -> Mapping[str, Sequence[str]]:
    return error.problems if isinstance(error, Invalid) else {"": [str(error)]}
