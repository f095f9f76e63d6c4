"""Equal fingerprints mean equal values: for each edit of a drawn view that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from skewless.compiler.document import UNREADABLE, Decoder, encode
from skewless.compiler.fingerprint import feature_fingerprint
from skewless.definitions.view import FeatureView
from tests import reference, strategies
from tests.registry.builders import a_view
from tests.registry.edits import edits

if TYPE_CHECKING:
    from collections.abc import Iterator


def readable_edits(view: FeatureView) -> Iterator[tuple[str, FeatureView]]:
    """Yield what one edit makes of a view; its entity and source stay."""
    for what, _, document in edits(encode(view)):
        decoder = Decoder()
        for item in (view.entity, view.source):
            decoder.decode(encode(item))
        try:
            found = decoder.decode(document)
        except UNREADABLE:
            continue
        if isinstance(found, FeatureView):
            yield what, found


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_features_of_one_fingerprint_have_one_value(data: st.DataObject) -> None:
    source = data.draw(strategies.sources())
    view = data.draw(strategies.feature_views(source))
    history = data.draw(strategies.histories(source))
    key = data.draw(strategies.entity_keys(view, history))
    instant = data.draw(strategies.instants(view, history))

    def value(of: FeatureView, name: str) -> str:
        cut = reference.as_of(of, instant)
        values, _ = reference.view_value(of.only([name]), history, key, cut, nulls_overflow=True)
        return repr(values[name])  # tells -0.0 from 0.0, and an integer from a double

    known = {feature_fingerprint(view, name): value(view, name) for name in view.feature_types}
    for what, edited in readable_edits(view):
        for name in edited.feature_types:
            digits = feature_fingerprint(edited, name)
            if digits in known:
                assert value(edited, name) == known[digits], what


def test_edits_are_read_that_change_values_and_that_do_not() -> None:
    view = a_view()
    own = {feature_fingerprint(view, name) for name in view.feature_types}
    found = [
        {feature_fingerprint(edited, name) for name in edited.feature_types} <= own
        for _, edited in readable_edits(view)
    ]
    assert {True, False} == {*found}
