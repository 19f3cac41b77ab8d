"""Mails to people who sign in: an invitation, another password. In their language, with a link that works once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from consent_server.domain.account import fold_email
from consent_server.domain.errors import ConsentServerError, Invalid
from consent_server.services import managing_people, signing_in
from consent_server.services.linking import INVITATION, RESET, Linker
from consent_server.services.mailing import Post
from consent_server.storage import users
from consent_server.storage.users import User

log = logging.getLogger(__name__)

TEXTS: Mapping[tuple[str, str], tuple[str, str]] = {
    (INVITATION, "fr"): (
        "Votre invitation à Consent Server",
        "Bonjour,\n\n{who} vous invite à administrer le consentement de ses sites. Choisissez votre mot de passe ici ;"
        " le lien fonctionne une seule fois, pendant sept jours :\n\n{link}\n\nSi vous n'attendiez pas ce message,"
        " ignorez-le.\n",
    ),
    (INVITATION, "en"): (
        "Your invitation to Consent Server",
        "Hello,\n\n{who} invites you to administer the consent of its sites. Choose your password here; the link works"
        " once, for seven days:\n\n{link}\n\nIf you did not expect this message, ignore it.\n",
    ),
    (RESET, "fr"): (
        "Votre nouveau mot de passe",
        "Bonjour,\n\nChoisissez un autre mot de passe ici ; le lien fonctionne une seule fois, pendant deux heures :"
        "\n\n{link}\n\nSi vous ne l'avez pas demandé, ignorez ce message : votre mot de passe reste le même.\n",
    ),
    (RESET, "en"): (
        "Your new password",
        "Hello,\n\nChoose another password here; the link works once, for two hours:\n\n{link}\n\nIf you did not ask"
        " for it, ignore this message: your password stays the same.\n",
    ),
}


def send_link(post: Post, user: User, link: str, who: str) -> None:
    """Send somebody their link. Raises ``NotSent``."""
    subject, text = TEXTS[INVITATION if user.invited else RESET, user.language if user.language == "fr" else "en"]
    post.send(post.letter([user.email], subject, text.format(who=" ".join(who.split()), link=link)))


def count_request(session: Session, email: str, network: str, now: datetime) -> None:
    """Count that somebody asked for another password. Raises ``TooManyTries``."""
    signing_in.count_try(session, f"reset of {email.strip().casefold()}", network, now)


def answer_request(sessions: Callable[[], Session], linker: Linker, post: Post, email: str, now: datetime) -> None:
    """Send a link to whoever asked for another password, if they exist.

    Runs beside the request: how long it takes, and whether it fails, tells nobody whose addresses there are.
    """
    try:
        with sessions() as session:
            user = users.find_by_email(session, fold_email(email))
            if user is None or user.disabled_at:
                return
            link = managing_people.make_link(session, signing_in.actor_for(user), linker, user, now)
        send_link(post, user, link, user.email)
    except Invalid:
        return
    except (ConsentServerError, OSError) as error:
        log.error("a link for another password was not sent: %s", type(error).__name__)
