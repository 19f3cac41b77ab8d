"""The forms of the catalogue: what an editor fills in, and the words of a site file that it becomes.

A form checks shape; what it means is checked by the domain, whose messages are put beside the fields they are about.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, NumberRange, Optional, ValidationError

from consent_server.domain.catalogue import Catalogue
from consent_server.domain.catalogue_rows import Row, service_revision
from consent_server.domain.exemption import CONDITIONS, GROUNDS, ONE_PURPOSE, Exemption, conditions_of
from consent_server.domain.tracker import KINDS, OWN_SITE, Service
from consent_server.web.admin.asking import NumberField
from consent_server.web.admin.catalogue import words
from consent_server.web.admin.told import told

NEEDS_CONSENT = "none"
AS_IT_IS = "as it is"

_ONE_UNIT = re.compile(r"(P|PT)(\d+)([A-Z])\Z")

Problems = Mapping[str, Sequence[str]]


class CatalogueForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """A form that can say what the domain found."""

    places: Mapping[str, str] = {}
    """Which field a part of the site file is shown in, where that is not its own name."""

    def tell(self, problems: Problems) -> None:
        """Put each message beside its field; what has none is said on top."""
        for path, messages in problems.items():
            head = path.partition(".")[0]
            name = self.places.get(path.replace(".", "_")) or self.places.get(head) or path.replace(".", "_")
            if name in self._fields:
                self._fields[name].errors = [*self._fields[name].errors, *map(told, messages)]
            else:
                self.form_errors.extend(map(told, messages))


class LifetimeFields(CatalogueForm):
    """A lifetime as people say it: a number and a unit."""

    amount = NumberField(_l("How many"), validators=[Optional(), NumberRange(1, 1_000_000)])
    unit = SelectField(_l("Lifetime"))
    whole = HiddenField()
    """A lifetime that is no number of one unit, as the site file has it."""

    places = {"declared_lifetime": "unit"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit.choices = list(words.UNITS.items())
        if self.whole.data:
            self.unit.choices.append((AS_IT_IS, words.duration(self.whole.data)))

    def show_lifetime(self, text: str | None) -> None:
        """Fill in a lifetime."""
        match = _ONE_UNIT.match(text or "")
        if match:
            self.amount.data, self.unit.data = int(match[2]), f"{match[1]}{{}}{match[3]}"
        if (text or "") not in words.UNITS and not (match and self.unit.data in words.UNITS):
            self.whole.data, self.unit.data, self.amount.data = text, AS_IT_IS, None
            self.unit.choices.append((AS_IT_IS, words.duration(text)))
        elif not match:
            self.unit.data = text or ""

    def lifetime(self) -> str | None:
        """Return what was filled in, as a site file says it."""
        if self.unit.data == AS_IT_IS:
            return str(self.whole.data)
        return str(self.unit.data).format(self.amount.data) or None

    def validate_unit(self, field: Field) -> None:
        """A unit needs a number."""
        if "{}" in str(field.data) and not self.amount.data:
            raise ValidationError(_l("Say how many."))


class QuickForm(LifetimeFields):
    """What is changed in the table itself: purpose and lifetime of one row."""

    revision = HiddenField()
    purpose = SelectField(_l("Purpose"))
    places = {**LifetimeFields.places, "exemption": "purpose"}

    def __init__(self, catalogue: Catalogue, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.purpose.choices = purpose_choices(catalogue)

    def show(self, row: Row) -> None:
        """Fill in a row."""
        self.revision.data = row.revision
        self.purpose.data = row.tracker.purpose or ""
        self.show_lifetime(row.tracker.lifetime.text if row.tracker.lifetime else None)

    def changes(self) -> dict[str, Any]:
        """Return what the row is to say."""
        return {"purpose": self.purpose.data or None, "declared_lifetime": self.lifetime()}


class DossierFields(CatalogueForm):
    """Why a tracker needs no consent: ground, conditions confirmed one by one, and a justification per language."""

    ground = RadioField(_l("Consent"), default=NEEDS_CONSENT)
    conditions = SelectMultipleField(_l("Conditions"))
    before: Exemption | None = None
    """What was decided already: who leaves it as it is need not confirm it to change something else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ground.choices = [(NEEDS_CONSENT, _l("Visitors must agree first")), *words.GROUNDS.items()]
        self.conditions.choices = [(f"{g}:{c}", "") for g in GROUNDS for c in conditions_of(g)]

    def validate_ground(self, field: Field) -> None:
        """Every condition of the ground is to be confirmed (EXM-08, EXM-10, AUD-01 to 04)."""
        as_it_was = self.before is not None and field.data == self.before.ground
        if as_it_was and self.before and set(self.confirmed()) == {k for k, v in self.before.conditions.items() if v}:
            return
        if field.data in CONDITIONS and set(conditions_of(field.data)) - set(self.confirmed()):
            raise ValidationError(
                _l("Confirm every condition of this ground; if one does not hold, visitors must agree.")
            )

    def confirmed(self) -> list[str]:
        """Return the conditions that were confirmed for the chosen ground."""
        said = (each.partition(":") for each in self.conditions.data or ())
        return [condition for ground, _, condition in said if ground == self.ground.data]

    def show_exemption(self, exemption: Exemption | None, languages: Sequence[str]) -> None:
        """Fill in a dossier; what the site file does not say of a condition was not confirmed."""
        if exemption is None:
            return
        self.ground.data = exemption.ground
        self.conditions.data = [f"{exemption.ground}:{key}" for key, holds in exemption.conditions.items() if holds]
        for language in languages:
            self[f"justification_{language}"].data = exemption.justification.get(language, "")

    def exemption(self, languages: Sequence[str], author: str, now: str) -> dict[str, Any] | None:
        """Return the exemption as decided now by ``author``; ``None`` when consent is needed."""
        if self.ground.data == NEEDS_CONSENT:
            return None
        said = {language: (self[f"justification_{language}"].data or "").strip() for language in languages}
        return {
            "ground": self.ground.data,
            "justification": {language: text for language, text in said.items() if text},
            "author": author,
            "decided_at": now,
            "conditions": dict.fromkeys(self.confirmed(), True),
        }


class TrackerForm(LifetimeFields, DossierFields):
    """Everything about one tracker."""

    revision = HiddenField()
    name = StringField(
        _l("Name"),
        description=_l("As the browser shows it; * stands for any run of characters."),
        validators=[Length(max=200)],
    )
    kind = SelectField(_l("Kind"), default="cookie")
    domain = StringField(
        _l("Domain"),
        description=_l("Empty: your own site. Else the host it belongs to, such as example.com."),
        validators=[Length(max=253)],
    )
    purpose = SelectField(_l("Purpose"))
    set_by = SelectField(_l("Set by"))

    places = {**LifetimeFields.places, "exemption": "ground", "http_only": "set_by"}

    def __init__(self, catalogue: Catalogue, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.languages = catalogue.languages
        self.purpose.choices = purpose_choices(catalogue)
        self.kind.choices = [(kind, words.KINDS[kind]) for kind in KINDS]
        self.set_by.choices = list(words.SETTERS.items())

    def show(self, row: Row) -> None:
        """Fill in a row."""
        tracker = row.tracker
        self.revision.data = row.revision
        self.name.data, self.kind.data = tracker.name, tracker.kind
        self.domain.data = "" if tracker.domain == OWN_SITE else tracker.domain
        self.purpose.data = tracker.purpose or ""
        self.set_by.data = "http_only" if tracker.http_only else tracker.set_by or ""
        self.show_lifetime(tracker.lifetime.text if tracker.lifetime else None)
        self.show_exemption(tracker.exemption, self.languages)
        for language in self.languages:
            self[f"description_{language}"].data = tracker.description.get(language, "")

    def changes(self) -> dict[str, Any]:
        """Return what the tracker is to say, apart from its exemption."""
        said = {language: (self[f"description_{language}"].data or "").strip() for language in self.languages}
        by = self.set_by.data
        return {
            "name": (self.name.data or "").strip() or self.kind.data,
            "kind": self.kind.data,
            "domain": (self.domain.data or "").strip() or OWN_SITE,
            "purpose": self.purpose.data or None,
            "declared_lifetime": self.lifetime(),
            "description": {language: text for language, text in said.items() if text},
            "set_by": "http" if by == "http_only" else by or None,
            "http_only": by == "http_only",
        }


class ServiceForm(CatalogueForm):
    """A service apart from its trackers."""

    revision = HiddenField()
    name = StringField(_l("Name"), validators=[DataRequired(_l("This is required.")), Length(max=200)])
    vendor = StringField(_l("Company"), validators=[DataRequired(_l("This is required.")), Length(max=200)])
    purpose = SelectField(_l("Purpose"), description=_l("Trackers of the same purpose move along."))
    policy_url = StringField(_l("Address of its privacy policy"), validators=[Length(max=2000)])
    url_patterns = TextAreaField(
        _l("Addresses that belong to it"),
        description=_l("One per line, such as *.example.com/*. Requests to them wait until visitors agree."),
        validators=[Length(max=20_000)],
    )

    def __init__(self, catalogue: Catalogue, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.purpose.choices = purpose_choices(catalogue)

    def show(self, service: Service) -> None:
        """Fill in a service."""
        self.revision.data = service_revision(service)
        self.name.data, self.vendor.data, self.purpose.data = service.name, service.vendor, service.purpose or ""
        self.policy_url.data, self.url_patterns.data = service.policy_url or "", "\n".join(service.url_patterns)

    def changes(self, was: Service | None = None) -> dict[str, Any]:
        """Return what the service is to say; what is as it was is left out, and so goes on following the library."""
        said = {
            "name": (self.name.data or "").strip(),
            "vendor": (self.vendor.data or "").strip(),
            "purpose": self.purpose.data or None,
            "policy_url": (self.policy_url.data or "").strip() or None,
            "url_patterns": [line.strip() for line in (self.url_patterns.data or "").splitlines() if line.strip()],
        }
        if was is None:
            return said
        before = {
            "name": was.name,
            "vendor": was.vendor,
            "purpose": was.purpose,
            "policy_url": was.policy_url,
            "url_patterns": list(was.url_patterns),
        }
        return {key: value for key, value in said.items() if value != before[key]}


class BulkForm(LifetimeFields):
    """One change of many rows; ``rows`` are ``id:revision``."""

    rows = SelectMultipleField(validate_choice=False)
    purpose = SelectField(_l("Purpose"))

    def __init__(self, catalogue: Catalogue, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.purpose.choices = purpose_choices(catalogue)

    def seen(self) -> dict[str, str]:
        """Return the rows that were marked, as id → revision."""
        return dict(each.partition(":")[::2] for each in self.rows.data or ())


class PolicyForm(FlaskForm):  # type: ignore[misc]
    """A privacy policy: its text pasted, or its file chosen, whose name is the ``source``."""

    source = ""
    text = TextAreaField(_l("Text of your privacy or cookie policy"), validators=[Length(max=900_000)])
    file = FileField(_l("Or its file: PDF, HTML or text"))


class ImportForm(PolicyForm):
    """A policy that is read into the catalogue, and kept when that is wanted."""

    keep = BooleanField(_l("Keep this text, and compare scans with it"))


class FileForm(FlaskForm):  # type: ignore[misc]
    """A file of rows or a site file: chosen, or pasted."""

    text = TextAreaField(_l("Or paste its text here"))
    revision = HiddenField()
    sure = BooleanField()


def purpose_choices(catalogue: Catalogue) -> list[tuple[str, Any]]:
    """Return the purposes to choose from; none of them is unclassified."""
    return [("", _l("Unclassified")), *words.purposes(catalogue).items()]


def with_texts(form: type[Any], catalogue: Catalogue, *names: str) -> type[Any]:
    """Return the form with a text per language for each name."""
    labels = {"description": _l("Description"), "justification": _l("Justification")}
    fields = {
        f"{name}_{language}": TextAreaField(labels[name], validators=[Length(max=4_000)])
        for name in names
        for language in catalogue.languages
    }
    return type(form.__name__, (form,), fields)


__all__ = [
    "ONE_PURPOSE",
    "BulkForm",
    "DossierFields",
    "FileForm",
    "PolicyForm",
    "QuickForm",
    "ServiceForm",
    "TrackerForm",
]
