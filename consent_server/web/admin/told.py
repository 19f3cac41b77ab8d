"""What the domain finds wrong, in the language of the page: its sentences are English and name what they are about.

``SENTENCES`` is every sentence that a site file, a form or a file of rows can lead to, with a place for what it names;
``tests/web/test_admin_told.py`` compares it with the domain's source.
"""

from __future__ import annotations

import functools
import re

from flask_babel import gettext


def _l(sentence: str) -> str:
    """Mark a sentence for translation; which language it is told in is known when it is told."""
    return sentence


NEVER_EXEMPT = _l("This can never be exempt: %(text)s")
"""What it names is a reason, which the library has in English: ``tests/words.py`` gathers those, too."""

SENTENCES = (
    _l("A site key has 2 to 63 characters: a to z, 0 to 9 and -, and does not begin with -."),
    _l("“%(text)s” is not an origin: write https://www.example.fr without path or final slash."),
    _l("“%(text)s…” is not a web address: write https://… or /path."),
    _l("Name at least one origin, such as https://www.example.fr."),
    _l("Name at least one address, such as https://www.example.fr."),
    _l("The choice is kept for a number of months, 13 at the most (DUR-08); the CNIL advises 6."),
    _l("The choice is kept for a day at least: asking on every page is not asking fairly (KEEP-02)."),
    _l("A service id has 1 to 63 characters: a to z, 0 to 9 and -."),
    _l("“%(text)s” is not one of this site's purposes: %(known)s."),
    _l("Only a cookie that a server sets can be HttpOnly."),
    _l("A tracker for “necessary” needs a ground, a justification and an author (EXM-10)."),
    _l("A service for “necessary” needs a ground, a justification and an author (EXM-10)."),
    _l("“%(text)s” is not a domain: write “site” for the site's own, or a host such as example.com."),
    _l("“%(text)s” is not shipped; there are: %(known)s."),
    _l("The library has no service “%(text)s”."),
    _l("Service %(number)s has the id “%(text)s” already."),
    _l("This is not one of the site's languages."),
    _l("“%(text)s” belongs to service %(number)s already: a tracker has one owner."),
    _l("“%(text)s” belongs to service %(number)s already."),
    _l("There is no such text."),
    NEVER_EXEMPT,
    _l("%(text)s serves advertising (EXM-08)."),
    _l("Give it a purpose before you exempt it (CAT-01)."),
    _l("Ground EXM-07 and the purpose “audience” go together, and with nothing else (EXM-08)."),
    _l("A tracker for “%(text)s” cannot be exempt (EXM-08)."),
    _l("Every condition must be confirmed: %(text)s is not."),
    _l("This is required."),
    _l("This must be an object."),
    _l("This must be a non-empty text."),
    _l("“%(text)s” must be one of: %(known)s."),
    _l("This must be true or false."),
    _l("This must be a whole number from %(low)s to %(high)s."),
    _l("This must be a list of at most %(number)s items."),
    _l("This must be at most %(number)s characters."),
    _l("There is no such field."),
    _l("This must not hold NUL characters."),
    _l("“%(text)s” is not a duration: write ISO 8601, such as P13M, P2Y, P30D or PT24H, or “session”."),
    _l("“%(text)s” is longer than a hundred years."),
    _l("“%(text)s” lasts no time at all: write “session” for a session cookie."),
    _l("A name has 1 to %(number)s characters."),
    _l("A name holds no control characters."),
    _l("A pattern of stars alone would claim every name."),
    _l("“%(text)s”: write no scheme, only host/path* or *.host/*."),
    _l("A URL pattern has at most %(number)s characters and no spaces."),
    _l("“%(text)s” is not a URL pattern: write host/path* or *.host/*."),
    _l("“%(text)s” would claim a whole top-level domain."),
    _l("This is not the digest of a logo: upload a picture."),
    _l("This logo is not kept here: leave it out, and upload the picture."),
    _l("Say what the logo says: the title does not name the site."),
    _l("Choose a picture."),
    _l("A logo has at most %(number)s MiB."),
    _l("A logo has at most %(number)s million pixels: make it smaller."),
    _l("This is not a picture in PNG, JPEG or WebP."),
    _l("An SVG can hold scripts and is not taken: save it as PNG, 400 pixels wide."),
    _l("This picture is damaged: save it again, and upload that."),
    _l("Nothing can be seen on this picture."),
    _l("This picture has too many details for a logo."),
    _l("This site has a purpose of this id already."),
    _l("This purpose comes with the product: visitors see it only while something serves it."),
    _l("This site has no such purpose."),
    _l("This purpose is still served by: %(text)s. Give that another one first."),
    _l("The file is empty."),
    _l("The first line names the columns; there is no column “%(text)s”."),
    _l("There is no column “%(text)s” here."),
    _l("A column is there twice."),
    _l("This line has more cells than the heading."),
    _l("This is not a CSV file: %(text)s."),
    _l("A file has at most %(number)s lines."),
    _l("A file has at most %(number)s characters."),
    _l("There is no such service in this catalogue."),
    _l("The catalogue has a service of this id already."),
    _l("“%(text)s” cannot name a purpose: use a lower-case letter, then letters, digits or _ (40 at most)."),
    _l("Write a time as 2026-11-22T10:15:00.123Z (UTC, milliseconds)."),
    _l("NaN and Infinity are not JSON."),
    _l("The same key stands twice."),
    _l("A number is too long."),
    _l("A number is too large."),
    _l("This is not UTF-8."),
    _l("This is not JSON."),
    _l("There is a NUL character."),
    _l("There is half of a surrogate pair."),
    _l("This is nested deeper than %(number)s."),
    _l("This is JSON, but not a site file: an object is expected."),
    _l("This is the file of another site."),
    _l("Somebody else added a site at the same moment: try again."),
    _l("A PDF has at most %(number)s MB; this one is larger."),
    _l("This PDF cannot be read: it is damaged, or too large."),
    _l("This PDF is locked by a password: save it without one."),
    _l("This PDF holds no text, only pictures: copy its text, or save it with text."),
    _l("%(front)s on %(back)s has a contrast of %(number)s; at least %(least)s is needed."),
    _l("Everything can be accepted here, but not refused."),
    _l("Both answers must be buttons: “%(yes)s” is <%(first)s>, “%(no)s” is <%(second)s>."),
    _l("Both answers must be of one size: “%(yes)s” is %(first)s, “%(no)s” is %(second)s."),
    _l(
        "Both answers must be written alike: “%(yes)s” is %(first)s px of weight %(bold)s, "
        "“%(no)s” is %(second)s px of weight %(other)s."
    ),
    _l(
        "Both answers must stand out alike: the contrasts of “%(yes)s” are %(first)s and %(bold)s, "
        "those of “%(no)s” %(second)s and %(other)s."
    ),
    _l("With the keyboard, both answers must follow each other."),
    _l("“%(text)s” is ticked already: a visitor must do that themselves."),
    _l("“%(text)s” cannot be answered on its own."),
    _l("“%(text)s” is not plain: say accept or refuse."),
    _l("Accept and refuse must be worded alike, one is far longer."),
    _l("The title of “%(text)s” is not shown: “%(said)s”."),
    _l("The description of “%(text)s” is not shown: “%(said)s”."),
    _l("The button “%(text)s” is missing."),
    _l("It is not said how a visitor can change their mind later."),
    _l("Say who asks: the name of the company behind the site."),
    _l("This text is empty."),
    _l("This site keeps no text of its policy."),
    _l("This text is missing."),
    _l("“%(text)s” is %(size)s: at least %(least)s are needed."),
    _l("“%(text)s” is out of sight when the banner appears."),
    _l("“%(text)s” has a contrast of %(number)s; at least %(least)s is needed."),
    _l("A role is one of %(known)s."),
    _l("The admin speaks %(known)s."),
    _l("A name has at most %(number)s characters."),
    _l("A password has between %(low)s and %(high)s characters."),
    _l("Say what it is for, in at most %(number)s characters."),
    _l("A token is valid for 1 to %(number)s days."),
    _l("A policy has at most %(low)s characters; this text has %(high)s."),
    _l("A proof is kept for a month at least after the choice is over, for 30 years at most."),
    _l("This was changed again since."),
    _l("This is not the logo of this draft."),
    _l("The draft that configuration %(number)s was made from was not kept."),
    _l("There is a site “%(text)s” already."),
    _l("There is no site “%(text)s”."),
    _l("This site has published nothing yet."),
    _l("This site has published no configuration %(number)s."),
    _l("This site has published no such configuration."),
    _l("No configuration of this site has such a screenshot."),
    _l("No configuration of this site has such a logo."),
    _l("Somebody else published this site meanwhile: look at it, and publish again."),
    _l("This site has no such consent record."),
    _l("This record was erased."),
    _l("There is no such export any more: ask for it again."),
    _l("The formats of an export are %(known)s."),
    _l("An export as %(text)s is always of the whole log: take zip for a part of it."),
    _l("The actions are %(known)s."),
    _l("No configuration of this site has the service “%(text)s”."),
    _l("No configuration of this site has the purpose “%(text)s”."),
    _l("This site has no proof log yet: publish it first."),
    _l("The log did not come to rest; try the export again in a moment."),
    _l("Give a reason, of %(number)s characters at most."),
    _l("There is no legal hold on the proofs of %(text)s."),
    _l("The proofs of %(text)s are under legal hold since %(time)s: %(why)s"),
    _l("This is not an address of the site."),
    _l("Give a web address without name and password: https://www.example.fr/"),
    _l("From 1 to %(number)s pages are visited."),
    _l("A scan takes from 10 to %(number)s seconds."),
    _l("A scan of this site is under way."),
    _l("This site has no such scan."),
    _l("This scan proposes nothing of that name."),
    _l("A schedule is one of %(known)s."),
    _l("At most %(number)s addresses are written to."),
    _l("A webhook is an https address without name and password."),
    _l("The webhook answered %(number)s."),
    _l("The webhook is an address that only the server’s own network has."),
    _l("The secret of the webhook cannot be opened any more: make a new one."),
    _l("This server sends no mail: set CONSENT_MAIL_FROM."),
    _l("%(text)s did not take the mail (%(why)s)."),
    _l("What this scan saw is not kept."),
    _l("%(text)s did not answer (%(why)s)."),
    _l("The page leads on and on."),
    _l("The page leads to an address that is none of the web."),
    _l("This address is reached from this machine alone: the page cannot be looked at."),
    _l("There is no second factor that they could stand in for."),
    _l("There is no such organisation."),
    _l("Set SECRET_KEY, or run `consent-server init`, which makes one."),
    _l("line %(number)s, %(field)s"),
    _l("line %(number)s"),
)

GUESSES = (
    _l("the library does not know it"),
    _l("keeps the visitor's choice (EXM-01)"),
    _l("declared as %(name)s"),
    _l("matches %(name)s"),
    _l("is an address of %(service)s"),
    _l("the name of %(service)s's %(name)s"),
    _l("a name like %(service)s's %(name)s"),
    _l("%(name)s of %(service)s, written by %(host)s"),
    _l("%(name)s of %(service)s on %(host)s"),
)
"""Why a thing is taken for what it is (``domain/classification.py``)."""

_PLACE = re.compile(r"%\((\w+)\)s")


def told(message: str, sentences: tuple[str, ...] = SENTENCES) -> str:
    """Return the message in the language of the page; one that nobody translated stays as it is."""
    for sentence, pattern in _patterns(sentences):
        named = pattern.fullmatch(message)
        if named and sentence == NEVER_EXEMPT:
            return str(gettext(sentence, text=told(named["text"])))
        if named:
            return str(gettext(sentence, **named.groupdict())) if named.groupdict() else str(gettext(sentence))
    return str(gettext(message)) if message else message


@functools.cache
def _patterns(sentences: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((sentence, pattern_of(sentence)) for sentence in sentences)


def pattern_of(sentence: str) -> re.Pattern[str]:
    """Return what every message of a sentence matches, with what is named in it."""
    literals = _PLACE.split(sentence)
    parts = (f"(?P<{part}>.*)" if number % 2 else re.escape(part) for number, part in enumerate(literals))
    return re.compile("".join(parts), re.DOTALL)
