"""Policies of our own invention, in the ways people write them; none is a copy of a real one."""

FRENCH_HTML_TABLE = """<!DOCTYPE html><html lang="fr"><head><title>Cookies</title>
<script>var x = "_hidden_id cookie";</script></head>
<body><h1>Politique cookies</h1><p>Dernière mise à jour&nbsp;: 12 février 2025</p>
<p>La société Exemple SAS utilise des cookies. Écrivez à <a href="mailto:rgpd@exemple.fr">rgpd@exemple.fr</a>.</p>
<table><tr><th>Nom du cookie</th><th>Émetteur</th><th>Finalité</th><th>Durée de conservation</th></tr>
<tr><td>_ga</td><td>Google Analytics</td><td>Mesure d'audience</td><td>13 mois</td></tr>
<tr><td>_hjSession<br>User_123</td><td>Hotjar</td><td>Parcours</td><td>1 an</td></tr>
<tr><td>wp-settings-<br>time-39</td><td>WordPress</td><td>Réglages</td><td>un an</td></tr>
<tr><td>lang</td><td>Propriétaire</td><td>Langue</td><td>Session</td></tr>
<tr><td>panier</td><td>Nous</td><td>Panier d'achat</td><td>7 jours</td></tr>
<tr><td>_fbp, fr</td><td>Facebook</td><td>Publicité</td><td>90 jours</td></tr>
<tr><td>acme_track</td><td>Acme Metrics</td><td>Suivi</td><td>2 ans</td></tr>
</table>
<p>La durée de vie des cookies n'excède pas treize (13) mois. Vos données de compte sont conservées 5 ans.</p>
</body></html>"""

ENGLISH_BULLETS = """Cookie Policy

Last updated: March 3, 2024

We use the following cookies:

- _ga, _gid and _gat: set by Google Analytics to count visits (2 years, 24 hours and 1 minute).
- _fbp (Facebook): remembers visits for advertising for 3 months.
- cart_token: keeps your basket until the browser is closed.
- OptanonConsent: your cookie choices, kept for six months
- Safari: see Preferences
- Analytics: these cookies measure traffic

We do not use Hotjar, and we never use TikTok. We may use Crisp to chat with you. The crisp air inspired us.
We store personal data for 10 years. Cookies are stored for up to 13 months.
You can withdraw your consent at any time. You can also block cookies in your browser settings.
Write to privacy (at) example.co.uk or Privacy@Example.co.uk. Regulation 2016/679 of 27 April 2016 applies.
"""

FRENCH_PROSE = """Mentions relatives aux cookies

La présente politique est applicable depuis le 1er septembre 2023. Loi n° 78-17, en vigueur depuis le 14 juin 2014.

Notre site dépose le cookie _fbp, utilisé par Facebook pour la publicité, valable 3 mois, ainsi que le cookie « lang »
qui retient votre langue pendant un an. Les cookies PHPSESSID et hasSeenIntro ne nécessitent pas votre consentement.
Nous utilisons aussi Matomo pour la mesure d'audience (cookies _pk_id.* et _pk_ses.*, conservés respectivement 13 mois
et 30 minutes).
Aucun cookie publicitaire n'est déposé avant votre consentement. Votre choix est conservé pendant 6 mois.
Nos données sont hébergées par OVH et sauvegardées chez Amazon Web Services. Les factures sont conservées 10 ans.
En poursuivant votre navigation, vous acceptez l'utilisation de cookies.
Les données ne sont jamais transférées hors de l'Union européenne.
"""

ENGLISH_NONE = """Privacy notice

Effective date: 2022-11-05

This website does not use cookies. We keep order data for 5 years. Questions: hello@shop.example
"""

ENGLISH_ONE_CELL_A_LINE = """Cookies used on this website

Name
Provider
Purpose
Expiry
_ga
Google
Registers a unique ID
2 years
CookieConsent
Cookiebot
Stores the user's cookie consent state
1 year
test_cookie
doubleclick.net
Checks support
Session
Contact
Write to dpo@site.example within 30 days.
"""

FRENCH_MARKDOWN = """## Les cookies

| Cookie | Fournisseur | Durée | Finalité |
|--------|-------------|-------|----------|
| `_pk_id.1.1fff` | Matomo | 13 mois | audience |
| `_ga_<container-id>` | Google | 2 ans | audience |
| intercom-id-abc123 | Intercom | 9 mois | chat |

Nom                  Émetteur          Durée
_uetsid              Microsoft         1 jour
wp-settings-         WordPress         1 an
time-39
"""

ENGLISH_WRAPPED = """COOKIES AND SIMILAR TECHNOLOGIES

This policy was last revised on 14th June 2022 and applies to all visitors of our
website. When you visit, we and our partners may place cookies on your device. The
cookie named "tz" remembers your time zone for two weeks, whereas the cookie _hjSession
User_123 belongs to Hotjar. No cookies are set before you accept them, except those that
are strictly necessary. Cookies set by YouTube, such as VISITOR_INFO1_LIVE and YSC, are
kept for six months. None of our cookies lasts longer than thirteen months. Logs are kept
for 24 months. We host with Google Cloud Platform and back up to Amazon S3.
"""

FRENCH_RECORDS = """Politique de cookies

Nom : PHPSESSID
Fournisseur : exemple.fr
Durée : session

Nom : _ga
Fournisseur : Google
Durée : 2 ans

Cookies tiers (Google Maps, YouTube, Vimeo)

Les cookies de nos partenaires ne sont jamais conservés plus de 13 mois.
YSC (YouTube) – session
vuid — Vimeo — 2 ans
"""

HUNDRED_ROWS = "Nom\tFournisseur\tFinalité\tDurée\n" + "\n".join(
    f"acme_{row:03d}\tAcme SARL\tSuivi {row}\t{row % 12 + 1} mois" for row in range(100)
)

IN_THE_STYLE_OF_LISTS = """Effectif depuis le : 05/11/2020

Conformément à la loi du 6 janvier 1978 et au Règlement du 27 avril 2016, écrivez à : vie-privee@exemple.fr

Vous pouvez configurer les cookies à l'aide de l'outil dédié Axeptio.

Nos cookies sont :

  • PHPSESSID : permet de garder vos variables de sessions.
  • userId : permet de garder vos variables de sessions.

Les cookies de tiers sont :

  • _gid : un cookies utilisé par Google Analytics.
  • Wp-settings-39 : un cookie utilisé par WordPress.
  • Wp-settings-time-39 : un cookie utilisé par WordPress.
  • Mp_*_mixpanel : un cookie utilisé par Mixpanel.

Les serveurs sont dans le centre de données de Google, via Google Cloud Platform (https://cloud.google.com/_security_/).
"""

IN_THE_STYLE_OF_CLAIMS = """Sécurité

  • Connexion par jeton et dépôt d'un cookie valable 24H
  • Surveillance de la production par NewRelic
  • Noms de domaine gérés par OVH

Nous utilisons des cookies :
– Pour votre confort (ex. choix de la langue).
– Pour des outils d'analyse web, tel que Google Analytics.
– Pour nos campagnes publicitaires, avec les services de Google Adwords et Facebook.

Le cookie possède une durée de validité qui varie. En tout état de cause, cette durée n'excède pas 13 mois.
Un bandeau d'information préalable invite le visiteur à accepter les cookies. Tant que le visiteur n'a pas donné son
consentement, aucun cookie ne pourra être déposé, à l'exception des cookies exemptés, strictement nécessaires.
Nous pouvons employer des balises internet (GIF à un pixel, GIF invisibles).
La géolocalisation et les données publicitaires sont lues par des cookies : votre consentement express est requis.
Les données d'un prospect sont conservées 3 ans, la comptabilité 10 ans.
Aucune donnée n'est transmise en dehors de l'UE

8- Transfert dans d'autres pays :

Aucun
"""
