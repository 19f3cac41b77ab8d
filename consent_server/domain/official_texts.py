"""Where the texts that requirements rest on are published.

Known here: how French lawyers cite them, and their addresses. A text whose official address we are not sure of
has none: it is cited, and not linked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ADDRESSES: Mapping[str, str] = {
    "Loi n° 78-17, art. 82": "https://www.legifrance.gouv.fr/loda/article_lc/LEGIARTI000037813978",
    "RGPD": "https://eur-lex.europa.eu/eli/reg/2016/679/oj",
    "CNIL, délibération n° 2020-091": "https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000042388179",
    "CNIL, délibération n° 2020-092": "https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000042388197",
    "CNIL, SAN-2025-010": "https://www.cnil.fr/fr/cookies-deposes-sans-consentement-la-cnil-sanctionne-la-societe-"
    "editrice-du-site-vanityfairfr",
    "CEPD, lignes directrices 03/2022": "https://www.edpb.europa.eu/our-work-tools/our-documents/guidelines/"
    "guidelines-032022-deceptive-design-patterns-social-media_en",
    "CJUE, 1er octobre 2019, C-673/17": "https://curia.europa.eu/juris/liste.jsf?num=C-673/17",
    "CJUE, C-673/17": "https://curia.europa.eu/juris/liste.jsf?num=C-673/17",
    "WCAG 2.2": "https://www.w3.org/TR/WCAG22/",
    "RGAA 4.1": "https://accessibilite.numerique.gouv.fr/",
}
"""How a citation begins → its official address."""


def cited(source: str) -> Iterator[tuple[str, str]]:
    """Yield each text of a citation with its address, or with nothing."""
    for text in source.split(" ; "):
        yield text, next((address for start, address in ADDRESSES.items() if text.startswith(start)), "")
