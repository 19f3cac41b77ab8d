"""What checks say of one thing, in English: they count, and do not look at what they counted."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "1 things that need consent came although the visitor refused.": (
        "One thing that needs consent came although the visitor refused."
    ),
    "1 things that need consent were still there, or asked for, after the withdrawal.": (
        "One thing that needs consent was still there, or asked for, after the withdrawal."
    ),
    "1 things are unknown.": "One thing is unknown.",
    "1 things that need consent were there before the visitor answered.": (
        "One thing that needs consent was there before the visitor answered."
    ),
    "Nothing that is known to need consent came before the answer, but 1 things are unknown.": (
        "Nothing that is known to need consent came before the answer, but one thing is unknown."
    ),
    "1 cookies last longer than thirteen months.": "One cookie lasts longer than thirteen months.",
    "1 things are declared exempt that cannot be.": "One thing is declared exempt that cannot be.",
    "1 things contradict a claim of the policy.": "One thing contradicts a claim of the policy.",
    "1 things came before consent, although the policy or the catalogue says after.": (
        "One thing came before consent, although the policy or the catalogue says after."
    ),
    "1 things last longer than stated.": "One thing lasts longer than stated.",
    "1 things are declared nowhere.": "One thing is declared nowhere.",
    "1 things are in the catalogue, not in the policy.": "One thing is in the catalogue, not in the policy.",
    "1 things are in the policy, not in the catalogue.": "One thing is in the policy, not in the catalogue.",
    "1 things are declared, and were not seen on the pages visited.": (
        "One thing is declared, and was not seen on the pages visited."
    ),
}
