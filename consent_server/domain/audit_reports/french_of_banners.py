"""What checks of a banner say, in French: the English sentence → the French one."""

from __future__ import annotations

from collections.abc import Mapping

_CHECKS = {
    "The banner takes silence for a yes.": "Le bandeau prend le silence pour un accord.",
    "The banner takes scrolling for a yes.": "Le bandeau prend le défilement de la page pour un accord.",
    "The banner takes a click elsewhere for a yes.": "Le bandeau prend un clic à côté pour un accord.",
    "The banner takes the key Escape for a yes.": "Le bandeau prend la touche Échap pour un accord.",
    "Ask until a button is pressed: only a clear act is consent, and silence is a refusal.": (
        "Demandez jusqu’à ce qu’un bouton soit actionné : seul un acte clair vaut accord, et le silence vaut refus."
    ),
    "The banner waits for an answer, whatever else is done.": (
        "Le bandeau attend une réponse, quoi que fasse le visiteur d’autre."
    ),
    "The banner can be left without an answer, and takes that for no agreement.": (
        "Le bandeau peut être quitté sans réponse, et n’y voit pas d’accord."
    ),
    "The banner leaves without an answer: what it takes that for could not be told.": (
        "Le bandeau disparaît sans réponse : ce qu’il en déduit n’a pas pu être établi."
    ),
    "Ask until a button is pressed.": "Demandez jusqu’à ce qu’un bouton soit actionné.",
    "The refusal is harder to see than the agreement.": "Le refus se voit moins bien que l’accord.",
    "The refusal does not look like the agreement: whether it is seen as well is for a person to say.": (
        "Le refus ne ressemble pas à l’accord : à une personne de dire s’il se voit aussi bien."
    ),
    "The refusal is seen as well as the agreement.": "Le refus se voit aussi bien que l’accord.",
    "Give both buttons one form, one size and one contrast, side by side, on phones too.": (
        "Donnez aux deux boutons une même forme, une même taille et un même contraste, côte à côte, au téléphone aussi."
    ),
    "Give both buttons one form, one size and one contrast.": (
        "Donnez aux deux boutons une même forme, une même taille et un même contraste."
    ),
    "{} uses are agreed to before the visitor says so.": "Usages acceptés sans que le visiteur l’ait dit : {}.",
    "Leave every box empty and every switch off until the visitor touches it.": (
        "Laissez chaque case vide et chaque interrupteur éteint jusqu’à ce que le visiteur y touche."
    ),
    "{} switches are on at first: whether they are exempt from consent is for a person to say.": (
        "Des interrupteurs sont allumés au départ ({}) : à une personne de dire s’ils sont exemptés de consentement."
    ),
    "Switch off at first what needs consent; a legitimate interest does not replace it.": (
        "Éteignez au départ ce qui est soumis au consentement ; un intérêt légitime ne le remplace pas."
    ),
    "No use is agreed to in advance.": "Aucun usage n’est accepté d’avance.",
    "One banner asks.": "Un seul bandeau demande.",
    "{} banners ask at once: no visitor can tell which answer counts.": (
        "Plusieurs bandeaux demandent à la fois ({}) : aucun visiteur ne peut savoir quelle réponse compte."
    ),
    "Keep one consent platform, and remove the tags and plugins of the others.": (
        "Gardez une seule plateforme de consentement, et retirez les balises et extensions des autres."
    ),
    "The page can be reached without agreeing.": "La page est accessible sans donner son accord.",
    "Who does not agree must pay: whether that is fair is judged case by case.": (
        "Qui n’accepte pas doit payer : si cela est loyal se juge au cas par cas."
    ),
    "Offer a real and fair alternative, at a price that can be justified.": (
        "Offrez une alternative réelle et équitable, à un prix que vous pouvez justifier."
    ),
    "The page is covered, and no way to refuse was found.": (
        "La page est couverte, et aucun moyen de refuser n’a été trouvé."
    ),
    "Nothing but a yes opens the page.": "Seul un accord ouvre la page.",
    "Put “Tout refuser” beside “Tout accepter”, and let the page be read after either.": (
        "Mettez « Tout refuser » à côté de « Tout accepter », et laissez lire la page après l’un comme après l’autre."
    ),
    "The settings gave no button that withdraws, so none was pressed.": (
        "Les réglages n’offrent aucun bouton de retrait connu : aucun n’a donc été actionné."
    ),
}
_SEEN = {
    "Without an answer": "Sans réponse",
    "A new visitor who does what is no answer: waits, scrolls, presses Escape.": (
        "Un nouveau visiteur, qui fait tout sauf répondre : il attend, défile, presse Échap."
    ),
    "“{}” is transparent (window of {})": "« {} » est transparent (fenêtre de {})",
    "“{}” has no size (window of {})": "« {} » n’a pas de taille (fenêtre de {})",
    "“{}” is outside the window (window of {})": "« {} » est hors de la fenêtre (fenêtre de {})",
    "“{}” lies under {} (window of {})": "« {} » est sous {} (fenêtre de {})",
    "“{}” is a link in a sentence (window of {})": "« {} » est un lien dans une phrase (fenêtre de {})",
    "“{}” has a contrast of {} (window of {})": "« {} » a un contraste de {} (fenêtre de {})",
    "“{}” is {} px, “{}” is {} px (window of {})": "« {} » fait {} px, « {} » fait {} px (fenêtre de {})",
    "“{}” is written in {} px, “{}” in {} (window of {})": "« {} » est écrit en {} px, « {} » en {} (fenêtre de {})",
    "“{}” is filled, “{}” is not (window of {})": "« {} » a un fond, « {} » n’en a pas (fenêtre de {})",
    "“{}” is bold, “{}” is not (window of {})": "« {} » est en gras, « {} » ne l’est pas (fenêtre de {})",
    "“{}” is a link, “{}” is none (window of {})": "« {} » est un lien, « {} » n’en est pas un (fenêtre de {})",
    "“{}” is on": "« {} » est allumé",
    "banner “{}”": "bandeau « {} »",
    "the banner lies over the whole page": "le bandeau couvre toute la page",
}

FRENCH_OF_BANNERS: Mapping[str, str] = {**_CHECKS, **_SEEN}
