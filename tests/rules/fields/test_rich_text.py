"""How HTML becomes text and text becomes HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.rules.fields.rich_text import html_of, text_of, tidied


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>Hello <b>world</b></p>", "Hello world"),
        ("<p>One</p>\n<p>Two</p>", "One\nTwo"),
        ("<div>One<br>Two<br><br>Three</div>", "One\nTwo\n\nThree"),
        ("<p>a</p><br><br><br><p>b</p>", "a\n\nb"),
        ("un<b>broken</b> word", "unbroken word"),
        ("<ul><li>one</li><li>two</li></ul>after", "- one\n- two\nafter"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("Tom &amp; Ann &lt;ann&gt;&nbsp;&euro;5", "Tom & Ann <ann> €5"),
        ("5 < 6 & 7", "5 < 6 & 7"),
        ("<html><head><title>T</title><style>p {}</style></head><body>x</body></html>", "x"),
        ("a<script>if (1 < 2) { b() }</script>c", "ac"),
        ("<p>never closed<div>next", "never closed\nnext"),
        ("<p  class='x'\n>  spaced \n out  </p>", "spaced out"),
        ("<!-- note -->seen", "seen"),
    ],
)
def test_a_reader_of_html_sees_words_and_lines(html: str, text: str) -> None:
    """Blocks and breaks end a line, spaces are single, what is not shown is left out."""
    assert text_of(html) == text


@given(st.text())
def test_a_text_survives_its_way_through_html(text: str) -> None:
    """Whatever a person types comes back with the same words and lines."""
    assert text_of(html_of(text)) == tidied(text)


@given(st.text())
def test_a_tidied_text_stays_as_it_is(text: str) -> None:
    """Tidying a second time changes nothing."""
    assert tidied(tidied(text)) == tidied(text)


@given(st.text(alphabet="<>/&;abr \n\"'=!-p"))
def test_any_markup_can_be_read(html: str) -> None:
    """Broken HTML is no error, and its text is tidy."""
    assert tidied(text_of(html)) == text_of(html)
