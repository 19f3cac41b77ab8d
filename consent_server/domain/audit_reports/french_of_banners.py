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
_WORDS = {
    "Every page that was visited leads back to the choice.": "Chaque page visitée permet de revenir sur le choix.",
    "Some pages do not lead back to the choice.": "Des pages ne permettent pas de revenir sur le choix.",
    "Put the link or the button to the settings on every page.": (
        "Mettez sur chaque page le lien ou le bouton qui mène aux réglages."
    ),
    "The first layer does not name every purpose that a yes allows.": (
        "Le premier écran ne nomme pas toutes les finalités qu’un accord permet."
    ),
    "Name each purpose on the first layer, with a sentence on what it means.": (
        "Nommez chaque finalité sur le premier écran, avec une phrase qui l’explique."
    ),
    "Words for some purposes were not found on the first layer: whether it names them is for a person to say.": (
        "Des finalités n’ont pas été reconnues dans les mots du premier écran : à une personne de dire s’il les nomme."
    ),
    "The first layer names the purposes of what came after a yes.": (
        "Le premier écran nomme les finalités de ce qui est venu après un accord."
    ),
    "The banner tells that others take part.": "Le bandeau dit que des tiers interviennent.",
    "Nothing in the banner tells that others are let in.": "Rien dans le bandeau ne dit que des tiers interviennent.",
    "Say on the first layer how many partners there are, and link to the list of them.": (
        "Dites sur le premier écran combien il y a de partenaires, avec un lien vers leur liste."
    ),
    "The first layer says that the answer can be changed.": "Le premier écran dit que la réponse peut être changée.",
    "The first layer does not say that the answer can be changed.": (
        "Le premier écran ne dit pas que la réponse peut être changée."
    ),
    "Say on the first layer that consent can be withdrawn at any time, and how.": (
        "Dites sur le premier écran que l’accord peut être retiré à tout moment, et comment."
    ),
    "The buttons say in plain words what they do.": "Les boutons disent clairement ce qu’ils font.",
    "A button does not say in plain words what it does.": "Un bouton ne dit pas clairement ce qu’il fait.",
    "Write “Tout accepter” and “Tout refuser”, and nothing else.": (
        "Écrivez « Tout accepter » et « Tout refuser », rien d’autre."
    ),
    "A picture lies behind an answer: its contrast is unknown.": (
        "Une image se trouve derrière une réponse : son contraste est inconnu."
    ),
    "An answer is too small to be hit.": "Une réponse est trop petite pour être visée.",
    "Make each answer at least 24 × 24 px, better 44.": "Donnez à chaque réponse au moins 24 × 24 px, mieux 44.",
    "The answers are large enough to be hit.": "Les réponses sont assez grandes pour être visées.",
    "An answer is too pale to be read.": "Une réponse est trop pâle pour être lue.",
    "Give the text of each answer a contrast of at least 4.5 to 1.": (
        "Donnez au texte de chaque réponse un contraste d’au moins 4,5 pour 1."
    ),
    "The answers can be read.": "Les réponses sont lisibles.",
    "In a window of 320 px, an answer cannot be reached.": (
        "Dans une fenêtre de 320 px, une réponse est hors d’atteinte."
    ),
    "Let the buttons wrap, and the banner scroll, in a small window.": (
        "Laissez les boutons passer à la ligne, et le bandeau défiler, dans une petite fenêtre."
    ),
    "The answers can be reached in a window of 320 px.": ("Les réponses sont accessibles dans une fenêtre de 320 px."),
    "Assistive technology is not told what asks, or what answers.": (
        "Les technologies d’assistance ne savent pas ce qui demande, ou ce qui répond."
    ),
    "Make the banner a named dialog, and each answer a button with its label.": (
        "Faites du bandeau une boîte de dialogue nommée, et de chaque réponse un bouton avec son libellé."
    ),
    "Assistive technology is told what asks and what answers.": (
        "Les technologies d’assistance savent ce qui demande et ce qui répond."
    ),
    "The language of the banner is not the declared one.": "La langue du bandeau n’est pas celle qui est déclarée.",
    "Declare the language of the text with the attribute lang.": "Déclarez la langue du texte avec l’attribut lang.",
    "The language of the banner is declared.": "La langue du bandeau est déclarée.",
}
_KEYS = {
    "The page could not be gone through with the keyboard.": "La page n’a pas pu être parcourue au clavier.",
    "An answer cannot be given with the keyboard.": "Une réponse ne peut pas être donnée au clavier.",
    "Make each answer a button (or give it tabindex=0 and listen to Enter and Space).": (
        "Faites de chaque réponse un bouton (ou donnez-lui tabindex=0 et écoutez Entrée et Espace)."
    ),
    "Whether every answer can be given with the keyboard could not be told.": (
        "Il n’a pas pu être établi que chaque réponse peut être donnée au clavier."
    ),
    "The answers can be given with the keyboard alone.": "Les réponses peuvent être données au clavier seul.",
    "The banner keeps the focus, although the page behind it can be used.": (
        "Le bandeau retient le focus, alors que la page derrière lui est utilisable."
    ),
    "Let Tab leave the banner, or make it a modal dialog that covers the page.": (
        "Laissez Tab quitter le bandeau, ou faites-en une boîte de dialogue modale qui couvre la page."
    ),
    "The banner may keep the focus if the page behind it cannot be used: that is for a person to say.": (
        "Le bandeau peut retenir le focus si la page derrière lui est inutilisable : à une personne de le dire."
    ),
    "The banner does not keep the focus from the page.": "Le bandeau ne prive pas la page du focus.",
    "The focus goes to what the banner lies over.": "Le focus va à ce que le bandeau recouvre.",
    "Open the banner with showModal(), or make the rest of the page inert.": (
        "Ouvrez le bandeau avec showModal(), ou rendez le reste de la page inerte (inert)."
    ),
    "Where the focus goes could not be told.": "Il n’a pas pu être établi où va le focus.",
    "The focus goes to nothing that the banner lies over.": "Le focus ne va à rien que le bandeau recouvre.",
    "Something in the banner does not show that it has the focus.": (
        "Un élément du bandeau ne montre pas qu’il a le focus."
    ),
    "Leave the browser's outline, or draw one with :focus-visible that has a contrast of at least 3 to 1.": (
        "Laissez le contour du navigateur, ou dessinez-en un avec :focus-visible, d’un contraste d’au moins 3 pour 1."
    ),
    "Whether everything in the banner shows well that it has the focus is for a person to say.": (
        "À une personne de dire si chaque élément du bandeau montre bien qu’il a le focus."
    ),
    "Everything in the banner shows that it has the focus.": "Chaque élément du bandeau montre qu’il a le focus.",
    "The banner hides what of the page has the focus.": "Le bandeau cache ce qui, dans la page, a le focus.",
    "Leave the page room below (padding, scroll-padding) as high as the banner, or make it modal.": (
        "Laissez en bas de page une place (padding, scroll-padding) haute comme le bandeau, ou rendez-le modal."
    ),
    "Whether the banner hides what has the focus could not be told.": (
        "Il n’a pas pu être établi si le bandeau cache ce qui a le focus."
    ),
    "Nothing of the page that had the focus was hidden by the banner.": (
        "Rien de ce qui a eu le focus dans la page n’était caché par le bandeau."
    ),
    "“{}” has the focus and lies wholly under the banner (Tab pressed {} times)": (
        "« {} » a le focus et se trouve entièrement sous le bandeau ({} pressions de Tab)"
    ),
    "“{}” ({}) never has the focus (Tab pressed {} times)": "« {} » ({}) n’a jamais le focus ({} pressions de Tab)",
    "the banner left before it was answered": "le bandeau a disparu avant qu’une réponse soit donnée",
    "“{}” ({}) has the focus, but neither Enter nor Space presses it": (
        "« {} » ({}) a le focus, mais ni Entrée ni Espace ne l’actionnent"
    ),
    "the focus goes round between {}": "le focus tourne entre {}",
    "“{}” has the focus behind the banner (Tab pressed {} times)": (
        "« {} » a le focus derrière le bandeau ({} pressions de Tab)"
    ),
    "“{}” could not be compared with and without the focus": "« {} » n’a pas pu être comparé avec et sans le focus",
    "“{}” looks the same with and without the focus (Tab pressed {} times)": (
        "« {} » a le même aspect avec et sans le focus ({} pressions de Tab)"
    ),
    "the focus on “{}” changes it by a contrast of {}": "le focus sur « {} » le change d’un contraste de {}",
}
_SEEN = {
    "no way back": "aucun retour possible",
    "the first layer": "le premier écran",
    "the dialog has no name": "la boîte de dialogue n’a pas de nom",
    "the banner covers the page and is no dialog": "le bandeau couvre la page sans être une boîte de dialogue",
    "“{}” is a {}, not a button": "« {} » est un {}, pas un bouton",
    "a {} has no name": "un {} n’a pas de nom",
    "“{}” is {} px (window of {})": "« {} » fait {} px (fenêtre de {})",
    "no language is declared": "aucune langue n’est déclarée",
    "the text is in “{}”, “{}” is declared": "le texte est en « {} », « {} » est déclaré",
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

FRENCH_OF_BANNERS: Mapping[str, str] = {**_CHECKS, **_WORDS, **_KEYS, **_SEEN}
