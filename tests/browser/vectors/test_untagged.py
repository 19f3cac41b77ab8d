"""Nothing gets through a page as vendors write it: every vector, in every state."""

from __future__ import annotations

from tests.browser.vectors.cells import module_of

(
    driven,
    test_only_what_was_granted_gets_through,
    test_what_needs_no_answer_is_untouched,
    test_no_road_is_open_but_those_that_are_listed,
) = module_of("untagged")
