"""Every way a caller can be wrong, one class each.

    ConsentServerError
    ├── Invalid              what was given has the wrong meaning; carries every problem at once
    ├── NotFound             no such thing
    │   ├── SiteNotFound
    │   ├── ConfigurationNotFound
    │   └── RecordNotFound
    ├── Conflict             it contradicts something that is already kept
    │   └── Held             nothing of it is deleted while a legal hold stands
    ├── OriginNotAllowed     a page that is not one of the site's
    ├── NotSignedIn          nobody is known to ask, or what they showed is wrong
    │   └── CodeNeeded       the password was right, the second factor is still to come
    ├── NotAllowed           the one who asks is known, and may not
    ├── TooManyTries         it was tried too often; later
    ├── NotYet               it will be there later (a proof before its record is integrated)
    ├── Unavailable          a dependency is away, nothing was kept; try again
    └── LogFrozen            the proof log contradicts itself or an outside witness; an operator must look

Only ``web/errors.py`` and ``cli`` know how these are told to the outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Problems = Mapping[str, Sequence[str]]


class ConsentServerError(Exception):
    """Base of everything that this package raises on purpose."""


class Invalid(ConsentServerError):
    """What was given has the wrong meaning.

    ``problems`` maps a field's path (``services.2.trackers.0.name``) to its messages, all of them at once.
    """

    def __init__(self, problems: Problems) -> None:
        self.problems = {field: list(messages) for field, messages in problems.items()}
        super().__init__("; ".join(f"{f}: {' '.join(m)}" if f else " ".join(m) for f, m in self.problems.items()))

    @classmethod
    def because(cls, message: str, field: str = "") -> Invalid:
        """Return an ``Invalid`` with one message for one field."""
        return cls({field: [message]})


class NotFound(ConsentServerError):
    """There is no such thing."""


class SiteNotFound(NotFound):
    """No site has this key."""


class ConfigurationNotFound(NotFound):
    """The site has published no such configuration."""


class RecordNotFound(NotFound):
    """The site has no such consent record."""


class Conflict(ConsentServerError):
    """It contradicts something that is already kept."""


class Held(Conflict):
    """The proofs are under legal hold: nothing is purged or erased."""


class OriginNotAllowed(ConsentServerError):
    """The page that sent this is not one of the site's."""


class NotSignedIn(ConsentServerError):
    """Nobody is known to ask, or the e-mail address, the password, the code, the token is wrong: never said which."""


class CodeNeeded(NotSignedIn):
    """The password was right; ``user_id`` has a second factor, whose code is still to come."""

    def __init__(self, user_id: int) -> None:
        super().__init__("The code of the second factor is needed.")
        self.user_id = user_id


class NotAllowed(ConsentServerError):
    """The one who asks is known, and their role does not permit it."""


class TooManyTries(ConsentServerError):
    """It was tried too often; ``retry_after`` says when to try again, in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotYet(ConsentServerError):
    """It will be there later; ``retry_after`` says when to ask again, in seconds."""

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ConsentServerError):
    """A dependency is away and nothing was kept; ``retry_after`` is in seconds."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LogFrozen(ConsentServerError):
    """The proof log contradicts itself or what was seen of it outside; nothing is signed until an operator looks."""
