"""The parts of the policy reader, each by what people write."""

import time

import pytest

from consent_server.domain.library import Library
from consent_server.domain.policy_text import LONGEST_POLICY, read_policy
from consent_server.domain.policy_text.durations import duration_of_cell, durations
from consent_server.domain.policy_text.markup import blocks_of_html, looks_like_html, without_stray_tags
from consent_server.domain.policy_text.masthead import contact_emails, language_of, policy_date
from consent_server.domain.policy_text.names import Shape, generalised, shape_of
from consent_server.domain.policy_text.services import ServiceNames, found_services
from consent_server.domain.policy_text.text import blocks_of_plain_text, fold
from consent_server.storage.library import load_library


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("13 mois", "P13M"),
        ("treize (13) mois", "P13M"),
        ("13 (treize) mois", "P13M"),
        ("n'excède pas 13 mois", "P13M"),
        ("maximum de 13 mois", "P13M"),
        ("24H", "PT24H"),
        ("24 h", "PT24H"),
        ("2 ans", "P2Y"),
        ("un an", "P1Y"),
        ("1 an et 1 mois", "P1Y1M"),
        ("30 minutes", "PT30M"),
        ("30 min.", "PT30M"),
        ("6 months", "P6M"),
        ("1 year", "P1Y"),
        ("two years", "P2Y"),
        ("a 13-month period", "P13M"),
        ("90 jours", "P90D"),
        ("1 825 jours", "P1825D"),
        ("1 an(s)", "P1Y"),
        ("de 1 à 13 mois", "P13M"),
        ("entre 30 jours et 2 ans", "P2Y"),
        ("trente jours", "P30D"),
        ("60s", "PT60S"),
        ("2 semaines", "P2W"),
        ("30 j", "P30D"),
        ("durée de la session", "session"),
        ("cookie de session", "session"),
        ("à la fermeture de votre navigateur", "session"),
        ("until the browser is closed", "session"),
        ("expires: session", "session"),
        ("variables de sessions", None),
        ("assistance 24h/24 et 7j/7", None),
        ("version 1.5 years", None),
        ("0 jour", None),
        ("le 13 du mois", None),
        ("250 ans", None),
        ("permanent", None),
        ("RFC 2616 html", None),
    ],
)
def test_durations_in_usual_spellings(written: str, expected: str | None) -> None:
    found = durations(fold(written))

    assert ([duration.iso for duration in found] or [None]) == [expected]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("Session", "session"), ("13 mois", "P13M"), ("Session ID", None), ("persistant", None), ("", None)],
)
def test_the_cell_of_a_duration(cell: str, expected: str | None) -> None:
    assert duration_of_cell(fold(cell)) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Effectif depuis le : 14/06/2021", "2021-06-14"),
        ("Dernière mise à jour : 03/04/2024", "2024-04-03"),
        ("Dernière mise à jour le 3 mars 2024.", "2024-03-03"),
        ("Dernière mise à jour\n1er août 2023", "2023-08-01"),
        ("Last updated: March 3, 2024", "2024-03-03"),
        ("Last modified on 3rd March 2024", "2024-03-03"),
        ("Last updated: 12/31/2023", "2023-12-31"),
        ("Version du 2024-02-29", "2024-02-29"),
        ("MAJ : 01.02.23", "2023-02-01"),
        ("En vigueur depuis le 1er janvier 2020. Dernière modification : 5 mai 2022", "2022-05-05"),
        ("Notre politique est conforme au RGPD. Mise à jour : 5 mai 2022", "2022-05-05"),
        ("Loi Hamon, en vigueur depuis le 14 juin 2014", None),
        ("la loi n°78-17 du 6 janvier 1978 et le Règlement du 27 avril 2016", None),
        ("À partir du 25 mai 2018, les entreprises doivent s'y conformer", None),
        ("Dernière mise à jour : mars 2024", None),
        ("Dernière mise à jour : 31/02/2024", None),
        ("Nous mettrons cette page à jour. Le 3 mars 2024 est un dimanche.", None),
    ],
)
def test_the_date_of_a_policy_is_not_the_date_of_a_law(written: str, expected: str | None) -> None:
    assert policy_date(written) == expected


def test_addresses_come_once_in_order() -> None:
    text = "dpo@a.fr, Contact@B.com. Puis dpo@A.fr ; image logo@2x.png ; info [at] c.org."

    assert contact_emails(text) == ("dpo@a.fr", "Contact@B.com", "info@c.org")


@pytest.mark.parametrize(
    ("text", "language"), [("Nous utilisons des cookies", "fr"), ("We use the cookies", "en"), ("", "fr")]
)
def test_the_language_is_told_by_small_words(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("token", "shape"),
    [
        ("_ga", Shape.STRICT),
        ("mp_*_mixpanel", Shape.STRICT),
        ("wp-settings-39", Shape.STRICT),
        ("userId", Shape.MEDIUM),
        ("JSESSIONID", Shape.MEDIUM),
        ("connect.sid", Shape.MEDIUM),
        ("lang", Shape.PLAIN),
        ("rc::a", Shape.MEDIUM),
        ("[x2]", Shape.NONE),
        ("cookies", Shape.NONE),
        ("RGPD", Shape.NONE),
        ("utm_source", Shape.NONE),
        ("exemple.fr", Shape.NONE),
        ("13", Shape.NONE),
        ("publicité", Shape.NONE),
        ("a" * 121, Shape.NONE),
    ],
)
def test_how_much_a_word_looks_like_a_name(token: str, shape: Shape) -> None:
    assert shape_of(token) is shape


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        ("_ga_<container-id>", "_ga_*"),
        ("_hjSession_{site_id}", "_hjSession_*"),
        ("intercom-id-[app_id]", "intercom-id-*"),
        ("AMCV_###@AdobeOrg", "AMCV_*@AdobeOrg"),
        ("_gat_UA-XXXXX-Y", "_gat_UA-*"),
        ("_ga_XXXX", "_ga_*"),
        ("_ga", "_ga"),
        ("XX", "XX"),
    ],
)
def test_variables_in_names_become_stars(written: str, pattern: str) -> None:
    assert generalised(written) == pattern


def named(text: str, library: Library) -> list[str]:
    return [service.id for service in found_services(blocks_of_plain_text(text), ServiceNames(library))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nous utilisons Google Adwords et google analytics.", ["google-ads", "google-analytics"]),
        ("Supervision par NewRelic, New-Relic ou New Relic.", ["new-relic"]),
        ("Nous mesurons l'audience avec l'outil Segment.", ["segment"]),
        ("Chaque segment de marché a son cookie.", []),
        ("Le Segment des particuliers progresse.", []),
        ("Nous jouons du Piano.", []),
        ("Partagez sur Twitter grâce à ce bouton ; X est son nouveau nom.", ["x-embeds"]),
        ("Le point X du plan.", []),
        ("Nous n'utilisons pas Google Analytics mais Matomo.", ["matomo"]),
        ("We do not use Hotjar. We use Matomo.", ["matomo"]),
        ("Contrairement à Facebook, nous ne vendons rien.", []),
        ("Vos données sont hébergées par Amazon Web Services et OVH.", []),
        ("Les serveurs sont chez Google, via Google Cloud Platform.", []),
        ("Le site est écrit en PHP avec Symfony.", []),
        ("Voir https://www.facebook.com/policy et help@hotjar.com.", []),
        ("Stockage sur une plateforme Dropbox chiffrée par Microsoft RMS.", []),
    ],
)
def test_services_are_named_in_company(text: str, expected: list[str], library: Library) -> None:
    assert named(text, library) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Retention : les comptes sont conservés 5 ans.",
        "Les données collectées par les cookies sont conservées 25 mois.",
        "Nos traceurs de colis gardent les adresses. La comptabilité est gardée 10 ans au maximum.",
        "Nous utilisons des cookies. Vos factures sont conservées 10 ans maximum.",
    ],
)
def test_how_long_data_are_kept_is_no_lifetime_of_cookies(text: str, library: Library) -> None:
    assert read_policy(text, library).max_lifetime_claim is None


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [
        ("Les cookies sont conservés pendant 13 mois.", "P13M"),
        ("La durée de vie des cookies est de 6 mois maximum.", "P6M"),
        ("Cookies never last longer than 12 months.", "P12M"),
        ("Les cookies vivent au plus 13 mois ; les données associées sont conservées 25 mois.", "P13M"),
        ("Cookies de mesure : 6 mois au maximum.\n\nCookies de publicité : 13 mois au maximum.", "P13M"),
    ],
)
def test_the_longest_lifetime_claimed(text: str, lifetime: str, library: Library) -> None:
    assert read_policy(text, library).max_lifetime_claim == lifetime


@pytest.mark.parametrize(
    "text",
    [
        "Liste des cookies :\n- authentification : durant 1 an\n- Chrome : Outils\n- IMPORTANT : lire",
        "Liste des cookies :\n- opt-out : voir",
        "Le cookie Axeptio, les cookies Google et le cookie HTTP sont des cookies.",
        "Un cookie est un petit fichier texte. Les e-mails et sous-traitants n'en sont pas.",
        "Les champs nom_client et prenom_client du formulaire sont obligatoires.",
        "Nous lisons utm_source dans l'adresse https://exemple.fr/_page_?_ga=1 du cookie.",
    ],
)
def test_words_that_are_no_names(text: str, library: Library) -> None:
    assert read_policy(text, library).cookies == ()


def test_a_site_s_own_cookie_is_not_given_to_a_vendor_by_its_name(library: Library) -> None:
    own = read_policy("Nom\tFournisseur\tDurée\nlang\tnotre site\t1 an\nfr\tnotre site\t1 an", library)

    assert [(c.name, c.service, c.purpose) for c in own.cookies] == [("lang", None, None), ("fr", None, None)]


def test_an_unknown_name_beside_exempt_software_is_not_exempt(library: Library) -> None:
    (cookie,) = read_policy("Cookies :\n- zz_follow : un cookie utilisé par WordPress.", library).cookies

    assert (cookie.name, cookie.vendor, cookie.purpose) == ("zz_follow", "WordPress", None)


def test_an_unknown_vendor_is_told_as_written(library: Library) -> None:
    text = "Cookies :\n- zz_follow : cookie déposé par la société Éclair Mesure, 2 mois."
    (cookie,) = read_policy(text, library).cookies

    assert (cookie.vendor, cookie.service, cookie.lifetime) == ("Éclair Mesure", None, "P2M")


def test_a_page_is_told_from_a_text_with_stray_tags() -> None:
    assert looks_like_html("<p>Bonjour</p>")
    assert not looks_like_html('Voir <http://exemple.fr/>\tBase <ul style="x">- Contrat')
    assert without_stray_tags('<http://exemple.fr/> <ul style="x">- _ga_<id>') == "<http://exemple.fr/>  - _ga_<id>"


def test_a_page_keeps_its_rows_and_items() -> None:
    page = (
        "<div class='a>b'>Un&nbsp;<b>deux</b><br>trois</div><ul><li>_ga : x</ul><dl><dt>_gid<dd>Google</dl>"
        "<!-- no --><style>p</style>"
    )
    blocks = blocks_of_html(page)

    assert [(b.text, b.cells, b.is_bullet) for b in blocks] == [
        ("Un deux", (), False),
        ("trois", (), False),
        ("_ga : x", (), True),
        ("_gid Google", ("_gid", "Google"), False),
    ]


def test_a_definition_list_gives_each_name_its_own_lifetime(library: Library) -> None:
    page = "<h2>Cookies</h2><dl><dt>_gid</dt><dd>Google Analytics, 24 h</dd><dt>_fbp</dt><dd>Meta, 3 mois</dd></dl>"

    assert [(c.name, c.lifetime) for c in read_policy(page, library).cookies] == [("_gid", "PT24H"), ("_fbp", "P3M")]


HOSTILE = [
    "a", "_", "_a ", "a_\n", "x a_\nb_ ", "<a ", "<", "<!--", "<p>", '<a b="', "<a b='\"> ", "<table><tr><td>",
    "<td>_a<br>", "&#1", "&", "|", "| _ga ", "a\t", " ", "  x", "- _ga : x\n", "_ga, ", "cookies _ga 13 mois ",
    "sans accept ", "13 mois ", "un (", "24h ", "a@", "a@b.", "mise a jour ", "Google ", "n'utilise pas ", "[",
    "e\u0301", "\u0301", "Name\nCookie\n", "Nom : _ga\n", "_a1\n", "x\n_", "informations conserv ",
    "les cookies sont ", "bandeau ", "www.", "a.b.", "</p><p>_ga, ", "a |\n", "Name |\nPurpose |\nExpiry |\n",
    "Name Purpose Duration\n", "CookieTypeDuration\n_ab", "Name Purpose\n_a b\n", "_a\nIt is\n", "_a_session",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_megabyte_is_read_in_little_time(piece: str, library: Library) -> None:
    text = (piece * (LONGEST_POLICY // len(piece) + 1))[:LONGEST_POLICY]
    started = time.process_time()
    read_policy(text, library)

    assert time.process_time() - started < 2


def test_a_megabyte_of_different_names_is_read_in_little_time(library: Library) -> None:
    text = "\n".join(f"- _x{number}a : cookie 13 mois" for number in range(40_000))[:LONGEST_POLICY]
    started = time.process_time()
    read_policy(text, library)

    assert time.process_time() - started < 2
