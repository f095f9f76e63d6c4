"""What becomes of 100 on-demand features of public repositories."""

from __future__ import annotations

from collections import Counter

import pytest

from skewless import OnDemandView
from skewless.compiler.plan import plan_on_demand
from skewless.definitions.python_function import PythonFunction, this_version
from skewless.errors import DefinitionError
from skewless.types import Float64
from tests.definitions.on_demand_features import FEATURES, KINDS, Feature


def view_of(feature: Feature, *, is_guarded: bool = False) -> OnDemandView:
    """Define it as a view, if asked with None kept out."""
    kinds = {each.split(":")[0]: KINDS[each.split(":")[1]] for each in feature.given.split()}
    lines = feature.body.splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    body = [line for line in lines if line not in imports]
    if not any("return" in line for line in body):
        body[-1] = f"return {{'f': {body[-1]}}}"
    if is_guarded:
        missing = " or ".join(f"{name} is None" for name in kinds)
        body = [f"if {missing}:", "    return {'f': None}", *body]
    source = "\n".join([*imports, f"def f({', '.join(kinds)}):", *(f"    {line}" for line in body)])
    # Lists come of features, which a definition alone needs not have: any type stands for them.
    request = {name: kind if kind in _FIELDS else Float64 for name, kind in kinds.items()}
    function = PythonFunction.again("f", source, this_version(), [], list(request), ["f"])
    gives = {"f": "a struct" if feature.gives is None else feature.gives}
    return OnDemandView("v", request=request, features=gives, function=function)  # type: ignore[arg-type]


_FIELDS = tuple(KINDS[letter] for letter in "fibst")


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.what)
def test_a_feature_is_taken_or_refused_in_words(feature: Feature) -> None:
    if feature.found == "taken":
        assert view_of(feature).function is not None
        return
    with pytest.raises(DefinitionError) as caught:
        view_of(feature)
    assert any(feature.found in problem for problem in caught.value.problems)


def test_as_many_are_taken_and_run_in_sql_as_the_pages_say() -> None:
    """The numbers stand in docs/functions.md and in decision 0043."""
    counts: Counter[str] = Counter()
    for feature in FEATURES:
        if feature.found != "taken":
            counts["refused"] += 1
            continue
        counts["taken"] += 1
        has_lists = any(each[-1] in "xw" for each in feature.given.split())
        counts["in sql"] += not plan_on_demand(view_of(feature)).why_called and not has_lists
        guarded = plan_on_demand(view_of(feature, is_guarded=True))
        counts["in sql without None"] += not guarded.why_called and not has_lists
    assert len(FEATURES) == 100
    assert counts == {"taken": 71, "refused": 29, "in sql": 8, "in sql without None": 35}
