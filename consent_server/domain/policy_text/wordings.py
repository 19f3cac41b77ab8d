"""The words by which policies claim something about cookies, as data: all patterns are read on folded text.

Every gap is bounded and stays within a sentence, so that a search takes linear time. A new wording is one more line.
"""

from __future__ import annotations

import re

COOKIE_WORD = re.compile(r"\b(?:cookies?|traceurs?|trackers?|local ?storage|stockage local|session ?storage)\b")

_TRACKER = r"(?:cookies?|traceurs?|trackers?|balises?|pixels?)"
MAXIMUM = re.compile(
    r"\bmax(?:imum|imale?s?|\b)|n'exced\w{1,6}|ne (?:peu\w{1,4} )?(?:pas )?(?:exced|depass)\w{1,6}|\bau plus\b"
    r"|\blimitee?s? a\b"
    r"|ne (?:sera|seront|saurait|peut|peuvent)\w{0,3} (?:pas )?(?:etre )?(?:superieure?s?|exceder|depasser"
    r"|conserve)|\bno (?:longer|more) than"
    r"|(?:not|never) (?:be )?(?:\w{1,12} )?(?:exceed|longer than|more than|last longer|kept longer)|\bup to\b"
    r"|\bat most\b|\bdans la limite"
    r"|\bexceeds? no|\bjusqu'a\b|\bpas plus de\b|\bplus longue\b|\blimited to\b|\blongest\b"
    r"|\b(?:jamais|ne sont pas|ne seront pas|ne durent pas) [^.]{0,40}(?:plus|au-dela) d|\b(?:none|no"
    r"|aucun)\b[^.]{0,60}"
    r"(?:longer than|more than|plus de|au-dela de)"
)
GENERAL_LIFE = re.compile(
    rf"\b(?:duree (?:de (?:vie|validite|conservation) )?(?:de (?:ces |nos |vos )?|des |du )(?:differents )?{_TRACKER}"
    rf"|(?:life ?(?:time|span)|duration|retention(?: period)?) of (?:the |our |these |all )?{_TRACKER}"
    rf"|(?:les|ces|nos|tous les|our|all|these|the|^)? ?(?:cookies|traceurs|trackers)\b[^.]{{0,60}}"
    r"\b(?:conserve|stocke|valable|valide|depose|installe|enregistre|stored|kept|valid|expire|remain|last"
    r"|retained|placed)"
    r"e?s?(?:nt|nts)?\b[^.]{0,60}\b(?:pendant|pour|duree|for|after|apres|au bout|period))"
)
CHOICE = re.compile(
    r"\bduree de (?:vie |validite |conservation )(?:de |du )(?:votre |vos |ce |ces )?(?:consentement|choix"
    r"|preferences)\b|"
    r"\b(?:votre |vos |leur |le |son |your )?(?:choix|preferences?|consentement|refus|choices?|consent"
    r"|refusal)\b[^.]{0,80}"
    r"\b(?:conserve|enregistre|memorise|valable|garde|retenu|stored|kept|remembered|valid|remember|redemande"
    r"|ask you again)"
)
DEFINES = re.compile(
    r"cookies? (?:est|sont|is|are) (?:un |de |des |une |a |an )?(?:tres )?(?:petits? |small |tiny )?(?:fichier"
    r"|texte|text|file|trace|piece|suite|element)"
    r"|petits? fichiers?|small (?:text )?files?|qu'est[- ]ce qu|what (?:is|are) (?:a )?cookie"
)
SINGLE = re.compile(
    r"(?<!duree de vie d')(?<!duree de validite d')\b(?:un|ce|d'un|a|one|this"
    r"|single) (?:seul )?(?:petit |small |session |simple )?cookie\b(?! (?:est|is)\b)"
)
GOES_ON = re.compile(r"\b(?:cette|ce|celle-ci|leur|their|this|that|its|ils|elles|they)\b")
INTRODUCES = re.compile(
    r"\b(?:utilis\w{1,6}|employ\w{1,5}|use|using|depos\w{1,6}|set)\b[^.]{0,60}\bcookies\b[^.]{0,40}:\Z"
)
OWN_HINTS = frozenset({"authentication", "language", "basket", "consent", "security", "session"})
HINTS = (
    (
        "authentication",
        re.compile(r"authentif|authentic|connexion|connecte|\blog(?:ged)?.?in\b|sign.?in|identifiant|\btoken\b|jeton"),
    ),
    ("language", re.compile(r"\blangues?\b|\blanguages?\b|\blocale\b")),
    ("basket", re.compile(r"\bpanier|\bcart\b|\bbasket\b")),
    (
        "consent",
        re.compile(
            r"(?:choix|preferences?|consentement|refus|choices?|consent)\b[^.]{0,60}(?:cookie"
            r"|traceur)|cookie[^.]{0,60}(?:consentement|refus|consent\b)"
        ),
    ),
    ("security", re.compile(r"securite|security|csrf|fraud|\bbots?\b")),
    ("session", re.compile(r"\bsession\b")),
    ("audience", re.compile(r"audience|statisti|frequentation|analytic")),
    ("marketing", re.compile(r"publicit|advertis|marketing|reciblage|retarget")),
)
CATEGORIES = (
    (
        "necessary",
        re.compile(
            r"strictement (?:necessaires?|indispensables?)|necessaires? (?:au|a la|pour)"
            r"|cookies? (?:necessaires?|techniques?|essentiels?|obligatoires?)|strictly necessary|(?:essential"
            r"|necessary|technical) cookies?|exempte"
        ),
    ),
    (
        "preferences",
        re.compile(
            r"cookies? (?:de )?(?:fonctionnels?|fonctionnalites?|preferences?"
            r"|personnalisation)|(?:functional|functionality|preferences?) cookies?|geolocalis|geolocation"
            r"|choix de la langue"
        ),
    ),
    (
        "audience",
        re.compile(
            r"mesure d'audience|cookies? (?:de |d')?(?:statisti\w{1,6}|analy\w{1,8}|performances?"
            r"|mesure|audience)|d'analyses? (?:web|d'audience|de la frequentation)|analyses? de la frequentation"
            r"|statistiques|(?:analytics?|analytical|statistics?|performance|measurement) cookies?"
            r"|audience measurement|web analytics|donnees statistiques"
        ),
    ),
    (
        "marketing",
        re.compile(
            r"publicit\w{1,8}|cookies? (?:de )?(?:marketing|ciblage|reciblage)|(?:advertising"
            r"|marketing|targeting|retargeting) cookies?|advertis\w{1,8}|targeted ads?"
        ),
    ),
    (
        "social",
        re.compile(
            r"reseaux sociaux|cookies? sociaux|boutons? de partage|social (?:media|network)\w{0,3}|share buttons?"
        ),
    ),
)
_TOOLS = (
    *("Axeptio", "Didomi", "OneTrust", "Cookiebot", "Tarteaucitron", "Sirdata", "Usercentrics", "Iubenda"),
    *(
        "CookieYes",
        "Complianz",
        "TrustCommander",
        "TrustArc",
        "Quantcast Choice",
        "Orejime",
        "Klaro",
        "Osano",
        "Termly",
    ),
    *(
        "CookieFirst",
        "Cookie Information",
        "CookieScript",
        "Consentmanager",
        "Sourcepoint",
        "AppConsent",
        "Borlabs",
        "CookiePro",
    ),
)
TOOL = re.compile(rf"\b({'|'.join(tool.lower() for tool in _TOOLS)})\b|\btarteaucitron\.js\b")

SPELLED = {tool.lower(): tool for tool in _TOOLS}

DENIABLE = frozenset({"pixels", "third_party_cookies", "set_on_arrival"})
"""Kinds of claims that are often made in the negative."""

KINDS: tuple[tuple[str, bool, re.Pattern[str]], ...] = (
    (
        "no_cookie_used",
        True,
        re.compile(
            r"\bn'(?:utilis\w{1,4}|emploi\w{1,4}|install\w{1,4}) (?:pas|aucun) (?:de |d'|le "
            r"|les )?(?:\w{1,12} )?cookies?\b"
            r"(?![^.]{0,80}(?:sans|avant|tiers|publicit|consent|accord))"
            r"|\bne depos\w{1,4} (?:pas|aucun) (?:de |d')?cookies?\b(?![^.]{0,80}(?:sans|avant|tiers|publicit"
            r"|consent|accord))"
            r"|\b(?:do|does) not (?:use|set|place) (?:any )?cookies\b(?![^.]{0,80}(?:without|before|until|unless"
            r"|consent))"
            r"|\bno cookies? (?:is|are) (?:used|set|placed|stored)(?![^.]{0,80}(?:without|before|until|unless|consent))"
        ),
    ),
    (
        "consent_before",
        True,
        re.compile(
            r"bandeau (?:d'information|de consentement|cookies?)?[^.]{0,80}(?:prealable|invit|accepter|consent"
            r"|lors de (?:votre|la) premiere)"
            r"|(?:tant que|avant que|sans que|sans)[^.]{0,90}(?:consent|accord|accept)[^.]{0,90}\b(?:aucun|ne |n')"
            r"|aucun[^.]{0,60}(?:depos|install|inscri|enregistr|place|lu)[^.]{0,90}(?:sans|avant|tant que"
            r"|prealable)[^.]{0,60}(?:consent|accord|accept|choix)"
            r"|(?:depos|install|enregistr|place|utilis|active)\w{0,6} (?:que |qu')(?:avec|apres|si"
            r"|sous reserve)[^.]{0,80}(?:consent|accord|accept)"
            r"|(?:no|not)\b[^.]{0,60}\b(?:set|placed|stored|installed|used|loaded)\b[^.]{0,60}\b(?:until|before"
            r"|without|unless)\b[^.]{0,60}(?:consent|agree|accept)"
            r"|only (?:\w{1,12} ){0,4}(?:set|placed|stored|used|loaded|activated)[^.]{0,40}(?:after|if|once"
            r"|with)[^.]{0,60}(?:consent|agree|accept)"
            r"|(?:after|once) you (?:have )?(?:consent|agree|accept)|prior consent|banner[^.]{0,60}(?:ask|invit"
            r"|consent|accept|first visit)"
        ),
    ),
    (
        "exempt_only_before_consent",
        True,
        re.compile(
            r"(?:exception|hormis|sauf|a part|exclusion|seuls?)[^.]{0,80}(?:exempt|strictement (?:necessaires"
            r"|indispensables)|necessaires|essentiels)"
            r"|(?:except|other than|apart from|only)[^.]{0,60}(?:strictly necessary|exempt|essential)"
            r"|(?:exempt\w{0,3}|strictement necessaires|strictly necessary)[^.]{0,80}(?:ne (?:necessit|requier)"
            r"|sans (?:votre )?(?:consentement|accord)|do(?:es)? not require|without (?:your )?consent|dispens)"
        ),
    ),
    (
        "consent_required",
        True,
        re.compile(
            r"consentement (?:\w{1,12} ){0,3}(?:est|sera|etant) (?:\w{1,12} )?(?:requis|demande|necessaire"
            r"|recueilli|sollicite)"
            r"|(?:soumis|subordonne|conditionne)\w{0,2} a (?:votre |l'obtention |un |son "
            r"|leur )[^.]{0,30}(?:consentement|accord)"
            r"|(?:necessitent|requierent|exigent|demandons|recueillons"
            r"|sollicitons)(?! pas)[^.]{0,40}(?:consentement|accord)"
            r"|(?<!not )(?<!n't )(?:require|ask for|request|obtain|need)s? (?:your |the user's |prior |explicit "
            r"|express ){0,3}consent|your consent is (?:required|requested|needed)"
            r"|subject to your (?:\w{1,10} )?consent"
        ),
    ),
    (
        "can_change_choice",
        True,
        re.compile(
            r"(?:a tout moment|a tout instant|at any time|any ?time)[^.]{0,120}(?:modifi|retir|revenir|chang"
            r"|refus|parametr|withdraw|revoke|review|update)"
            r"|(?:modifi|retir|revenir|chang|refus|parametr|withdraw|revoke)\w{0,6}[^.]{0,100}(?:a tout moment"
            r"|a tout instant|at any time|any ?time)"
        ),
    ),
    (
        "implied_consent",
        True,
        re.compile(
            r"(?:en (?:poursuivant|continuant|naviguant|utilisant)|poursuite de (?:votre "
            r"|la )?navigation)[^.]{0,120}(?:accept|consent|autoris|vaut)"
            r"|(?:by (?:continuing|using|browsing|visiting|accessing)|continued use)[^.]{0,120}(?:accept|consent|agree)"
        ),
    ),
    (
        "set_on_arrival",
        True,
        re.compile(
            r"\b(?:recevez|recoivent|deposes?|installes?|enregistres?|places?|crees?) (?:\w{1,12} )?automatiquement"
            r"|automatiquement (?:\w{1,12} )?(?:des cookies|depos|install|enregistr|place)"
            r"|automatically (?:\w{1,12} )?(?:set|place|store|receive|install)"
        ),
    ),
    (
        "pixels",
        False,
        re.compile(
            r"gif (?:a un|transparent|invisible)|pixels? (?:invisible|espion|de suivi|de conversion|de tracking"
            r"|transparent|publicitaire|facebook|meta)"
            r"|balises? (?:internet|web|d'action|pixel|invisible|tags?)|\bweb ?(?:beacon|bug)s?|tracking pixels?"
            r"|pixel tags?|clear gifs?|un pixel\b|\bpixels? tags?"
            r"|(?:technologie|utilis\w{1,5}|use|using|emploi\w{0,5})[^.]{0,40}\bpixels\b"
        ),
    ),
    (
        "third_party_cookies",
        True,
        re.compile(
            r"(?:partenaires?|tiers|publicitaires|prestataires?|third[- ]part\w{1,3}"
            r"|partners)\b[^.]{0,80}(?:depos|enregistr|install|emett|place|set |store)"
            r"|(?:depos|enregistr|install|emis|place|set "
            r"|stored)\w{0,4}[^.]{0,80}(?:par (?:nous ou par )?des (?:tiers|partenaires)|by (?:our )?(?:third"
            r"|partners))|cookies? (?:de )?tiers\b|third[- ]party cookies"
        ),
    ),
    (
        "browser_settings",
        True,
        re.compile(
            r"(?:param\w{1,10}|regl\w{1,6}|configur\w{1,8}|options?|preferences)[^.]{0,80}navigateur"
            r"|navigateur[^.]{0,80}(?:param|regl|configur|refus|bloqu|desactiv|option)"
            r"|browser(?:'s)?[^.]{0,80}(?:setting|preference|option|configur|block|refuse|disable|reject)"
            r"|(?:setting|preference|option|configur|block|refuse|disable)\w{0,5}[^.]{0,80}browser"
        ),
    ),
    (
        "no_transfer_outside_eu",
        False,
        re.compile(
            r"aucune? (?:[\w']{1,14} ){0,6}(?:transmise?s?|transferee?s?|transfert|communiquee?s?"
            r"|envoyee?s?)[^.]{0,60}(?:hors|dehors|exterieur)[^.]{0,30}(?:\bue\b|union|\beee\b|europe)"
            r"|ne (?:sont|seront|font|fait) (?:pas |jamais |l'objet d'aucun "
            r"|en aucun cas )[^.]{0,40}transf[^.]{0,60}(?:hors|dehors|exterieur)[^.]{0,30}(?:\bue\b|union|\beee\b"
            r"|europe)"
            r"|(?:no|not|never)\b[^.]{0,50}transfer\w{0,4}[^.]{0,60}outside[^.]{0,40}(?:\beu\b|european|\beea\b)"
        ),
    ),
)
TRANSFER_HEADING = re.compile(r"transfer[ts]?\b[^.]{0,60}(?:pays|hors|countr|outside|etranger|international)")
NONE = re.compile(r"(?:aucun\w{0,8}|neant|none|sans objet|n/?a|not applicable)\W{0,3}\Z")
