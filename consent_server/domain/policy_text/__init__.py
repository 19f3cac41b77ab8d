"""The policy reader: what a privacy policy says about cookies, in French and in English.

Deterministic and offline: the same text and library always give the same findings, each with the passage that says
so. No rule knows a site. What the text does not say, or says in a way that is not foreseen here, is not found: the
findings are a first draft for an editor, and a scan of the site tells what is really set.

    text, markup, markdown, page_layout   the policy as blocks: lines, list items, table rows
    names, durations, tables    what a name, a duration, a table heading looks like
    flat_tables                 tables that lost their cells on the way
    knowledge, services         what the library knows under which name
    cookies, statements         (and wordings) what is presented as a cookie; what is claimed about all of them
    masthead                    language, date, addresses
"""

from __future__ import annotations

from consent_server.domain.errors import Invalid
from consent_server.domain.library import Library
from consent_server.domain.policy_text.cookies import Context, found_cookies
from consent_server.domain.policy_text.findings import FoundCookie, FoundService, PolicyFindings, Statement
from consent_server.domain.policy_text.flat_tables import restore_barred_tables, restore_flat_tables, with_headings
from consent_server.domain.policy_text.knowledge import Knowledge
from consent_server.domain.policy_text.markdown import without_front_matter
from consent_server.domain.policy_text.markup import blocks_of_html, looks_like_html, without_stray_tags
from consent_server.domain.policy_text.masthead import contact_emails, language_of, policy_date
from consent_server.domain.policy_text.names import Shape, Token, mend_cuts, tokens
from consent_server.domain.policy_text.page_layout import tabbed
from consent_server.domain.policy_text.services import ServiceNames, found_services, with_those_of_cookies
from consent_server.domain.policy_text.statements import found_statements, max_lifetime_claim, names_no_cookie
from consent_server.domain.policy_text.tables import restore_tables
from consent_server.domain.policy_text.text import Block, blocks_of_plain_text, clean, join_wrapped_lines, readable

LONGEST_POLICY = 1_000_000
"""Characters; the longest policies that people write have a tenth of it."""

__all__ = ["LONGEST_POLICY", "FoundCookie", "FoundService", "PolicyFindings", "Statement", "read_policy", "tabbed"]


def read_policy(text: str, library: Library) -> PolicyFindings:
    """Read a policy, as plain text or HTML; raise ``Invalid`` when it is longer than ``LONGEST_POLICY``."""
    if len(text) > LONGEST_POLICY:
        raise Invalid.because(f"A policy has at most {LONGEST_POLICY:,} characters; this text has {len(text):,}.")
    knowledge, names = Knowledge(library), ServiceNames(library)
    blocks, left_out = readable(raw_blocks(text))
    blocks = mended(blocks, knowledge)
    plain = "\n".join(block.text for block in blocks)
    cookies = found_cookies(blocks, Context(knowledge, names))
    presented = {cookie.evidence for cookie in cookies}
    statements = found_statements(
        blocks, lambda block, passage: block.evidence() in presented or _names_a_cookie(passage, knowledge)
    )
    if not cookies:
        statements.append(names_no_cookie(blocks))
    if left_out:
        statements.append(Statement("not_read", left_out.evidence()))
    return PolicyFindings(
        language=language_of(plain),
        policy_date=policy_date(plain),
        contact_emails=contact_emails(plain),
        max_lifetime_claim=max_lifetime_claim(statements),
        cookies=tuple(cookies),
        services=tuple(with_those_of_cookies(found_services(blocks, names), cookies, library, names)),
        statements=tuple(statements),
    )


def raw_blocks(text: str) -> list[Block]:
    """Return the lines and rows of a text or a page, as laid out."""
    cleaned = without_front_matter(clean(text))
    if looks_like_html(cleaned):
        return blocks_of_html(cleaned)
    return blocks_of_plain_text(without_stray_tags(cleaned))


def mended(blocks: list[Block], knowledge: Knowledge) -> list[Block]:
    """Return the blocks with cut names, wrapped lines and tables made whole; HTML has no wrapped lines."""
    rows = restore_flat_tables(restore_barred_tables(blocks))
    return restore_tables(with_headings(join_wrapped_lines(mend_cuts(rows, knowledge.knows))))


def _names_a_cookie(passage: str, knowledge: Knowledge) -> bool:
    return any(_is_surely_a_name(token, knowledge) for token in tokens(passage))


def _is_surely_a_name(token: Token, knowledge: Knowledge) -> bool:
    return token.shape is Shape.STRICT or (token.shape is Shape.MEDIUM and knowledge.knows(token.name))
