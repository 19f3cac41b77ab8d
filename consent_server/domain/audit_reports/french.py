"""What reports of an audit say, in French: the English sentence → the French one.

``tests/domain/test_audit_reports.py`` says which sentence of a check or of a report has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from consent_server.domain.audit_reports.french_of_banners import FRENCH_OF_BANNERS

_CHECKS = {
    "{} things that need consent came although the visitor refused.": (
        "Malgré le refus du visiteur, des éléments soumis au consentement sont apparus : {}."
    ),
    "Make the scripts named below wait for a yes; a refusal must end what an earlier page began.": (
        "Faites attendre un accord aux scripts nommés ci-dessous ; un refus doit aussi arrêter ce qu’une page "
        "précédente a commencé."
    ),
    "No refusal could be pressed, so none was tried.": (
        "Aucun bouton de refus n’a pu être actionné : le refus n’a donc pas été essayé."
    ),
    "A visitor who refused met nothing that needs consent.": (
        "Un visiteur qui refuse ne rencontre rien qui soit soumis au consentement."
    ),
    "The settings can be opened again after the answer.": "Les réglages peuvent être rouverts après la réponse.",
    "{} things that need consent were still there, or asked for, after the withdrawal.": (
        "Après le retrait de l’accord, des éléments soumis au consentement étaient encore là, ou ont été demandés : {}."
    ),
    "Remove cookies and keys at the withdrawal, on every domain and path; those that are HttpOnly from the server.": (
        "Supprimez cookies et clés au moment du retrait, sur chaque domaine et chaque chemin ; ceux qui sont HttpOnly "
        "depuis le serveur."
    ),
    "No way to withdraw was found by this scan: look for a link to the settings on every page.": (
        "Cette visite n’a trouvé aucun moyen de retirer son accord : vérifiez que chaque page a un lien vers les "
        "réglages."
    ),
    "Nothing that needs consent was left or asked for after the withdrawal.": (
        "Après le retrait, rien de ce qui est soumis au consentement n’est resté ni n’a été demandé."
    ),
    "{} things are unknown.": "Éléments inconnus : {}.",
    "Classify them in the catalogue; until then our banner blocks what the library knows to be a tracker's.": (
        "Classez-les dans le catalogue ; d’ici là, notre bandeau bloque ce que la bibliothèque connaît comme traceur."
    ),
    "Everything that was seen is known.": "Tout ce qui a été vu est connu.",
    "Nothing that was seen contradicts what is said.": "Rien de ce qui a été vu ne contredit ce qui est dit.",
    "Nobody asks the visitor, although things that need consent are used.": (
        "Personne ne demande son avis au visiteur, alors que des éléments soumis au consentement sont utilisés."
    ),
    "Put a banner on every page, or do without what needs consent.": (
        "Mettez un bandeau sur chaque page, ou renoncez à ce qui est soumis au consentement."
    ),
    "No banner was seen, and nothing that would need one.": "Aucun bandeau n’a été vu, ni rien qui en demande un.",
    "{}: one click accepts everything, but no button of the first layer refuses.": (
        "{:say} : un clic accepte tout, mais aucun bouton du premier écran ne refuse."
    ),
    "Put “Tout refuser” beside “Tout accepter”: same place, same size, same contrast.": (
        "Mettez « Tout refuser » à côté de « Tout accepter » : même endroit, même taille, même contraste."
    ),
    "{}: one click refuses everything, as one accepts.": "{:say} : un clic refuse tout, comme un clic accepte tout.",
    "{}: no known button was found.": "{:say} : aucun bouton connu n’a été trouvé.",
    "The pass before any choice was not made.": "La visite sans aucun choix n’a pas été faite.",
    "{} things that need consent were there before the visitor answered.": (
        "Des éléments soumis au consentement étaient là avant toute réponse du visiteur : {}."
    ),
    "Load the scripts named below only after a yes: put the banner's tag first in the head, and declare them.": (
        "Ne chargez les scripts nommés ci-dessous qu’après un accord : mettez la balise du bandeau en tête de page, "
        "et déclarez-les."
    ),
    "Nothing that is known to need consent came before the answer, but {} things are unknown.": (
        "Rien que l’on sache soumis au consentement n’est venu avant la réponse, mais des éléments sont inconnus : {}."
    ),
    "Classify them in the catalogue: what is unclassified may need consent.": (
        "Classez-les dans le catalogue : ce qui n’est pas classé peut être soumis au consentement."
    ),
    "Nothing that needs consent came before the visitor answered.": (
        "Rien de ce qui est soumis au consentement n’est venu avant la réponse du visiteur."
    ),
    "A refusal is remembered on the next visit.": "Un refus est retenu à la visite suivante.",
    "{} asks again on the next visit, although the visitor refused.": (
        "{:say} redemande à la visite suivante, alors que le visiteur a refusé."
    ),
    "Keep the refusal as long as a yes would be kept: six months is the CNIL's good practice.": (
        "Gardez le refus aussi longtemps qu’un accord : six mois sont la bonne pratique de la CNIL."
    ),
    "{} cookies last longer than thirteen months.": "Des cookies durent plus de treize mois : {}.",
    "Shorten them where they are set: the vendor's settings, or the server's answer.": (
        "Raccourcissez-les là où ils sont posés : dans les réglages du fournisseur, ou dans la réponse du serveur."
    ),
    "Nothing was found, but the visit of a page had to be ended before everything was seen.": (
        "Rien n’a été trouvé, mais la visite d’une page a dû être arrêtée avant que tout ne soit vu."
    ),
    "See what ended it, and visit the site again.": "Voyez ce qui l’a arrêtée, et visitez de nouveau le site.",
    "No cookie lasts longer than thirteen months.": "Aucun cookie ne dure plus de treize mois.",
    "{} cookies are given a later end whenever they are written again.": (
        "Des cookies voient leur fin repoussée à chaque nouvelle écriture : {}."
    ),
    "Write them once, or keep their first end: cookie_update: false for Google Analytics, or our banner.": (
        "Écrivez-les une seule fois, ou gardez leur première fin : cookie_update: false pour Google Analytics, ou "
        "notre bandeau."
    ),
    "No cookie was given a later end.": "Aucun cookie n’a vu sa fin repoussée.",
    "{} things are declared exempt that cannot be.": (
        "Des éléments sont déclarés exemptés qui ne peuvent pas l’être : {}."
    ),
    "Give them a purpose that is asked for.": "Donnez-leur une finalité pour laquelle l’accord est demandé.",
    "What is declared exempt can be.": "Ce qui est déclaré exempté peut l’être.",
    "Google's tags were told that consent is granted, although nobody agreed.": (
        "Il a été dit aux balises de Google que l’accord est donné, alors que personne ne l’a donné."
    ),
    "Set every type of consent mode to “denied” by default, before the first tag.": (
        "Mettez chaque type du mode consentement à « denied » par défaut, avant la première balise."
    ),
    "Google's tags were told “denied” until somebody agreed.": (
        "Il a été dit « denied » aux balises de Google jusqu’à l’accord."
    ),
    "{} things contradict a claim of the policy.": "Des éléments contredisent une affirmation de la politique : {}.",
    "Change the claim, or what contradicts it.": "Changez l’affirmation, ou ce qui la contredit.",
    "{} things came before consent, although the policy or the catalogue says after.": (
        "Des éléments sont venus avant l’accord, alors que la politique ou le catalogue dit après : {}."
    ),
    "Make what is named below wait for a yes; the text is right, the page is not.": (
        "Faites attendre un accord à ce qui est nommé ci-dessous ; le texte est juste, la page ne l’est pas."
    ),
    "{} things last longer than stated.": "Des éléments durent plus longtemps qu’annoncé : {}.",
    "Shorten them where they are set, or state how long they last.": (
        "Raccourcissez-les là où ils sont posés, ou dites combien de temps ils durent."
    ),
    "{} things are declared nowhere.": "Des éléments ne sont déclarés nulle part : {}.",
    "Declare them in the catalogue and in the policy.": "Déclarez-les dans le catalogue et dans la politique.",
    "{} things are in the catalogue, not in the policy.": (
        "Des éléments sont dans le catalogue, pas dans la politique : {}."
    ),
    "Name them in the policy.": "Nommez-les dans la politique.",
    "{} things are in the policy, not in the catalogue.": (
        "Des éléments sont dans la politique, pas dans le catalogue : {}."
    ),
    "Declare them in the catalogue.": "Déclarez-les dans le catalogue.",
    "{} things are declared, and were not seen on the pages visited.": (
        "Des éléments sont déclarés, et n’ont pas été vus sur les pages visitées : {}."
    ),
    "Visit more pages with --pages; what no page uses any longer leaves the policy and the catalogue.": (
        "Visitez plus de pages avec --pages ; ce qu’aucune page n’utilise plus quitte la politique et le catalogue."
    ),
}

_THINGS = {
    "a banner that we do not know": "un bandeau que nous ne connaissons pas",
    "local storage": "stockage local",
    "session storage": "stockage de session",
    "indexed db": "base IndexedDB",
    "local storage {}": "stockage local {}",
    "session storage {}": "stockage de session {}",
    "indexed db {}": "base IndexedDB {}",
    "request to {}": "requête vers {}",
    "consent mode {}": "mode consentement {}",
    "session": "session",
    "removed": "supprimé",
    "{} days": "{} jours",
    "{} hours": "{} heures",
    "{} seconds": "{} secondes",
}

_DRIFT = {
    "policy: {}; catalogue: {}; browser: {}": "politique : {:say} ; catalogue : {:say} ; navigateur : {:say}",
    "policy: {}; catalogue: {}; browser: {} “{}”": (
        "politique : {:say} ; catalogue : {:say} ; navigateur : {:say} « {} »"
    ),
    "policy: {}; browser: {}": "politique : {:say} ; navigateur : {:say}",
    "policy: {}; browser: {} “{}”": "politique : {:say} ; navigateur : {:say} « {} »",
    "catalogue: {}; browser: {}": "catalogue : {:say} ; navigateur : {:say}",
    "catalogue: {}; browser: {} “{}”": "catalogue : {:say} ; navigateur : {:say} « {} »",
    "browser: {}": "navigateur : {:say}",
    "browser: {} “{}”": "navigateur : {:say} « {} »",
    "names the service {}": "nomme le service {}",
    "names {}, no lifetime said": "nomme {}, sans durée",
    "names the service {}; claims {}": "nomme le service {} ; affirme {:say}",
    "names {}, no lifetime said; claims {}": "nomme {}, sans durée ; affirme {:say}",
    "names {}, {}; claims {}": "nomme {}, {} ; affirme {:say}",
    "claims {}": "affirme {:say}",
    "no_cookie_used": "qu’aucun cookie n’est utilisé",
    "max_lifetime {}": "une durée d’au plus {}",
    "exempt_only_before_consent": "que seul ce qui est exempté vient avant l’accord",
    "consent_before": "que l’accord vient d’abord",
    "consent_required": "qu’un accord est demandé",
    "{} of {}, after consent, {}": "{} de {}, après accord, {:say}",
    "{} of {}, exempt, {}": "{} de {}, exempté, {:say}",
    "{} of {}, unclassified, {}": "{} de {}, non classé, {:say}",
    "no lifetime": "sans durée",
    "{}, applied {}": "{}, appliqué : {}",
    "request {}": "requête vers {}",
    "names {}, {}": "nomme {}, {}",
    "not named": "n’en parle pas",
    "declared": "déclaré",
    "not declared": "non déclaré",
    "seen in {}; lasts {}": "vu ({}), durée : {:say}",
    "seen in {}": "vu ({})",
    "the session": "la session",
    "not seen on the {} pages visited": "pas vu sur les {} pages visitées",
    "not seen on the page visited": "pas vu sur la page visitée",
    "Drift of {}, {}": "Écarts de {}, {}",
    "{} of {} differences are contradictions.": "Contradictions : {}. Écarts en tout : {}.",
    "policy": "politique",
    "catalogue": "catalogue",
    "browser": "navigateur",
    "request": "requête",
    "statement contradicted": "affirmation contredite",
    "before consent": "avant l’accord",
    "longer than stated": "plus long qu’annoncé",
    "undeclared": "déclaré nulle part",
    "not in policy": "absent de la politique",
    "not in catalogue": "absent du catalogue",
    "never seen": "jamais vu",
}

_LIMITS = {
    "more than {} cookies": "plus de {} cookies",
    "more than {} addresses were requested": "plus de {} adresses ont été demandées",
    "more than {} MB were passed on": "plus de {} Mo ont été transmis",
    "more than {} keys": "plus de {} clés",
    "more than {} keys of one kind ({}) on {}": "plus de {} clés d’une même sorte ({}) sur {}",
    "not done with after {} seconds": "pas terminé après {} secondes",
    "it took more than {} MB of memory": "plus de {} Mo de mémoire ont été pris",
    "it ran more than {} threads": "plus de {} fils d’exécution ont été lancés",
    "it wrote more than {} MB to the disk": "plus de {} Mo ont été écrits sur le disque",
    "the browser had been ended": "le navigateur avait été arrêté",
    "the time of the visit was over": "le temps de la visite était écoulé",
    "robots.txt did not answer, so no further page was visited": (
        "robots.txt n’a pas répondu : aucune autre page n’a été visitée"
    ),
    "robots.txt could not be read, so no further page was visited": (
        "robots.txt n’a pas pu être lu : aucune autre page n’a été visitée"
    ),
    "not connected to, because private or beyond the bounds: {}": "non connecté, car privé ou hors des limites : {}",
    "{} leads to another site, {}": "{} mène à un autre site, {}",
    "{} answered {}": "{} a répondu {}",
    "{}: “{}” could not be pressed": "{} : « {} » n’a pas pu être actionné",
    "no picture could be taken": "aucune image n’a pu être prise",
}

_REPORT = {
    "Cookie audit of {}": "Audit des cookies de {}",
    "Visited on {}. Visits: {}. Pages: {}.": "Visité le {}. Visites : {}. Pages : {}.",
    "In short": "En bref",
    "Nothing fails.": "Rien n’est en défaut.",
    "One requirement fails.": "Une exigence n’est pas respectée.",
    "{} requirements fail.": "{} exigences ne sont pas respectées.",
    "Cannot be told: {}. Hold: {}.": "Non jugées : {}. Respectées : {}.",
    "Known already: {}.": "Déjà connues : {}.",
    "What fails, and who is behind it": "Ce qui est en défaut, et de qui cela vient",
    "Requirement": "Exigence",
    "What": "Quoi",
    "Who": "Qui",
    "When": "Quand",
    "By": "Par",
    "On page": "Sur la page",
    "What fails": "Ce qui est en défaut",
    "What to do": "Que faire",
    "It rests on": "Texte",
    "Pictures": "Images",
    "What was seen": "Ce qui a été vu",
    "Evidence, visit by visit": "Constats, visite par visite",
    "What could not be told": "Ce qui n’a pas pu être jugé",
    "Nothing: everything that was looked for could be told.": "Rien : tout ce qui a été cherché a pu être jugé.",
    "The visit ended early. Not made: {}.": "La visite s’est arrêtée avant la fin. Non faites : {}.",
    "What holds": "Ce qui est respecté",
    "Nothing.": "Rien.",
    "Method, bounds and date": "Méthode, limites et date",
    "known": "connu",
    "and {} more": "et {} de plus",
    "unknown": "inconnu",
    "the site": "le site",
    "Before any answer": "Avant toute réponse",
    "After a refusal": "Après un refus",
    "The next visit after the refusal": "Visite suivante, après le refus",
    "After everything was accepted": "Après avoir tout accepté",
    "After the withdrawal": "Après le retrait de l’accord",
    "After agreeing to “{}” alone": "Après un accord à « {} » seul",
    "A visitor who answers nothing.": "Un visiteur qui ne répond rien.",
    "A new visitor who refuses everything.": "Un nouveau visiteur, qui refuse tout.",
    "The same visitor comes back.": "Le même visiteur revient.",
    "A new visitor who accepts everything.": "Un nouveau visiteur, qui accepte tout.",
    "The same visitor, who opens the settings and withdraws.": (
        "Le même visiteur, qui ouvre les réglages et retire son accord."
    ),
    "A new visitor who agrees to one purpose.": "Un nouveau visiteur, qui accepte une seule finalité.",
    "Banner: {}": "Bandeau : {}",
    "No banner was seen.": "Aucun bandeau n’a été vu.",
    "accepts in one click": "accepte en un clic",
    "refuses in one click": "refuse en un clic",
    "no button refuses": "aucun bouton ne refuse",
    "no button accepts": "aucun bouton n’accepte",
    "Pages: {}": "Pages : {}",
    "No page could be opened.": "Aucune page n’a pu être ouverte.",
    "The window, {}": "La fenêtre, {}",
    "At a phone’s width, {}": "À la largeur d’un téléphone, {}",
    "The settings opened again, before the withdrawal": "Les réglages rouverts, avant le retrait",
    "Cookies": "Cookies",
    "Name": "Nom",
    "Domain": "Domaine",
    "Lasts": "Durée",
    "Marks": "Attributs",
    "Set by": "Posé par",
    "Keys of web storage and databases": "Clés de stockage web et bases de données",
    "Kind": "Sorte",
    "Origin": "Origine",
    "Other hosts that were asked": "Autres hôtes appelés",
    "Host": "Hôte",
    "Times": "Fois",
    "Asked by": "Appelé par",
    "Frames: {}": "Cadres : {}",
    "Service workers: {}": "Service workers : {}",
    "Google’s consent mode: {}": "Mode consentement de Google : {}",
    "Limit: {}": "Limite : {}",
    "No cookie, no key and no other host.": "Aucun cookie, aucune clé, aucun autre hôte.",
    "A real Chromium visited the site as the visitors named above would, each with an empty profile.": (
        "Un vrai Chromium a visité le site comme le feraient les visiteurs nommés ci-dessus, chacun avec un profil "
        "vide."
    ),
    "What was seen is true of the pages visited, at that time, from where the visit was made; other pages, other "
    "moments and other places may differ.": (
        "Ce qui a été vu vaut pour les pages visitées, à ce moment et depuis le lieu de la visite ; d’autres pages, "
        "moments ou lieux peuvent différer."
    ),
    "No value of any cookie or key was kept, and no query of any address.": (
        "Aucune valeur de cookie ou de clé n’a été gardée, ni aucun paramètre d’adresse."
    ),
    "What a thing is, the site’s catalogue says first, then a library of known services. What neither knows is "
    "unknown, and no guess makes it exempt.": (
        "Ce qu’est un élément, le catalogue du site le dit d’abord, puis une bibliothèque de services connus. Ce "
        "qu’aucun des deux ne connaît est inconnu, et aucune supposition ne l’exempte."
    ),
    "What a visit could not see is never said to hold. This report is not legal advice.": (
        "Ce qu’une visite n’a pas pu voir n’est jamais dit respecté. Ce rapport n’est pas un avis juridique."
    ),
    "Begun {}, ended {}, with {}.": "Commencée {}, terminée {}, avec {}.",
    "Pages visited": "Pages visitées",
    "Audit of {}": "Audit de {}",
    "on {}": "sur {}",
    "by {}": "par {}",
    ": ": " : ",
    "known: the baseline tells of it": "connu : la base de référence le dit",
    "{} of {} checks failed.": "{} contrôles sur {} sont en défaut.",
    "fails": "en défaut",
    "holds": "respecté",
    "cannot tell": "non jugé",
}

FRENCH: Mapping[str, str] = {**_CHECKS, **FRENCH_OF_BANNERS, **_THINGS, **_DRIFT, **_LIMITS, **_REPORT}
