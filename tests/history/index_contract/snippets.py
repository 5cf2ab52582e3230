"""Snippets: a part of the text, escaped, with marks."""

import re

from tests.history.index_contract.under_test import IndexUnderTest, an_entry


class SnippetsContract:
    """Snippets: a part of the text, escaped, with marks."""

    def test_a_snippet_marks_the_words_of_the_query(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="She asked when the vaccinations begin."))
        assert index.snippet("vaccination") == "She asked when the <mark>vaccinations</mark> begin."

    def test_a_snippet_is_escaped(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body='<script>alert("flu & cold")</script>'))
        snippet = index.snippet("flu")
        assert snippet == "&lt;script&gt;alert(&quot;<mark>flu</mark> &amp; cold&quot;)&lt;/script&gt;"

    def test_a_snippet_without_a_match_in_the_body_is_how_it_begins(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", title="Flu", body="It was <late>. " * 100))
        snippet = index.snippet("flu")
        assert snippet.startswith("It was &lt;late&gt;.")
        assert len(snippet) < 600

    def test_a_snippet_of_a_long_text_is_short_and_holds_the_match(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="before " * 300 + "the podiatrist came " + "after " * 300))
        snippet = index.snippet("podiatrist")
        assert "<mark>podiatrist</mark>" in snippet
        assert snippet.startswith("… ")
        assert snippet.endswith(" …")
        assert len(snippet) < 400

    def test_a_snippet_keeps_bidirectional_marks(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="called \u202bשלום\u202c about flu"))
        assert index.snippet("flu") == "called \u202bשלום\u202c about <mark>flu</mark>"

    def test_marks_are_the_only_tags(self, index: IndexUnderTest) -> None:
        index.add(an_entry("a", body="<mark>flu</mark> <b>flu</b>"))
        assert set(re.findall(r"<[^>]*>", index.snippet("flu"))) == {"<mark>", "</mark>"}
