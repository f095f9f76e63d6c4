"""OnDemandView: features computed at request time, from features and from what the caller sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, cast

from skewless.definitions import types
from skewless.definitions.expression import (
    Expr,
    FeatureNode,
    Node,
    RequestNode,
    render,
    walk,
)
from skewless.definitions.foreign import DEFINED, FUNCTIONS, answering, hinted
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.inputs import Input, input_problems
from skewless.definitions.names import (
    column_name_problems,
    object_name_problems,
    text_problems,
)
from skewless.definitions.python_function import PythonFunction, is_instant
from skewless.definitions.typing import Scope
from skewless.definitions.version import Version, Written
from skewless.definitions.view import (
    FeatureRef,
    FeatureView,
    Role,
    feature_of,
    parsed_by,
    role_problems,
)
from skewless.errors import DefinitionError, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType


@answering(DEFINED)
@dataclass(frozen=True, slots=True, init=False)
class OnDemandView:
    """Features that are computed from other features and request fields.

    The same expression runs in SQL for training and in Python for serving, by the same rules.
    `on_demand_view` makes one of a Python function.

    Args:
        name: lower case identifier.
        features: names to expressions of `view["feature"]`, `request("field")` and constants; of a
            function, names to types.
        request: the fields that the caller sends, and that a training frame carries.
        version: `2`, or `"2.1.0"`: MAJOR.MINOR.PATCH. What a published version means never
            changes: another value is another major, a further feature another minor.
        function: what `on_demand_view` made of a function.

    Raises:
        DefinitionError: with everything that is wrong.
    """

    name: str
    request: Mapping[str, ValueType]
    expressions: Mapping[str, Node]
    function: PythonFunction | None
    version: Version
    feature_types: Mapping[str, ValueType] = field(compare=False)
    description: str = field(compare=False)
    owner: str = field(compare=False)
    tags: Mapping[str, str] = field(compare=False)

    def __init__(  # noqa: PLR0913 - all but the name by keyword
        self,
        name: str,
        *,
        features: Mapping[str, Expr] | Mapping[str, ValueType],
        request: Mapping[str, ValueType] | None = None,
        version: Written | Version = 1,
        description: str = "",
        owner: str = "",
        tags: Mapping[str, str] | None = None,
        function: PythonFunction | None = None,
    ) -> None:
        tags = {} if tags is None else tags
        problems = [
            *object_name_problems(name),
            *text_problems(description, owner, tags),
        ]
        parsed = parsed_by(Version.parse, version, problems)
        fields = _fields(request, problems)
        for label, value in {
            "name": name,
            "request": FrozenMapping(fields),
            "function": function,
            "version": parsed,
            "description": description,
            "owner": owner,
            "tags": FrozenMapping(tags if isinstance(tags, Mapping) else {}),
        }.items():
            object.__setattr__(self, label, value)
        problems.extend(self._request_problems())
        self._set_features(features, problems)
        if function is not None:
            problems.extend(function.problems)
            wrong = [node for node in function.inputs if not _is_input(node)]
            problems.extend(f"input {render(node)} is no feature" for node in wrong)
        if not problems:
            problems.extend(role_problems([self, *self.all_views]))
            problems.extend(input_problems(self.inputs))
        if problems:
            raise DefinitionError(f"OnDemandView {name!r}", problems)

    def __getitem__(self, feature: str) -> FeatureRef:
        """Return one feature, for a service's list or another on-demand expression."""
        return feature_of(self, feature)

    def with_expressions(
        self,
        expressions: Mapping[str, Node],
        request: Mapping[str, ValueType],
        version: Version | None = None,
    ) -> OnDemandView:
        """Return a view of the same name and words with other features."""
        return OnDemandView(
            self.name,
            features={name: Expr(node) for name, node in expressions.items()},
            request=request,
            version=self.version if version is None else version,
            description=self.description,
            owner=self.owner,
            tags=self.tags,
        )

    def with_function(
        self, function: PythonFunction, version: Version | None = None
    ) -> OnDemandView:
        """Return a view of the same name and words with another function of these features."""
        return OnDemandView(
            self.name,
            features=self.feature_types,
            request=self.request,
            version=self.version if version is None else version,
            description=self.description,
            owner=self.owner,
            tags=self.tags,
            function=function,
        )

    def only(self, names: Iterable[str], version: Version | None = None) -> OnDemandView:
        """Return a view of some of its features, and of the request fields that these read.

        One function makes all of its view's features, so these stay together.
        """
        if self.function is not None:
            return self.with_function(self.function, version)
        expressions = {name: self.expressions[name] for name in names}
        read = [part for node in expressions.values() for part in walk(node)]
        asked = {part.name for part in read if isinstance(part, RequestNode)}
        request = {name: type_ for name, type_ in self.request.items() if name in asked}
        return self.with_expressions(expressions, request, version)

    @property
    def views(self) -> tuple[FeatureView | Role, ...]:
        """The feature views that the expressions read, each once in a role, as they appear."""
        return tuple(view for view in self.all_views if not isinstance(view, OnDemandView))

    @property
    def all_views(self) -> tuple[FeatureView | OnDemandView | Role, ...]:
        """The views that the expressions read, and those that on-demand views among them read."""
        found: dict[FeatureView | OnDemandView | Role, None] = {}
        for view in views_read(self):
            found[view] = None
            if isinstance(view, OnDemandView):
                found.update(dict.fromkeys(view.all_views))
        return tuple(found)

    @property
    def dependencies(self) -> tuple[OnDemandView, ...]:
        """The on-demand views that the expressions read, each once."""
        views = (view for view in views_read(self) if isinstance(view, OnDemandView))
        return tuple(dict.fromkeys(views))

    @property
    def all_request(self) -> Mapping[str, ValueType]:
        """The request fields of this view and of the on-demand views that it reads."""
        found = dict(self.request)
        for view in self.dependencies:
            found.update(view.all_request)
        return FrozenMapping(found)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs of a row: this view's request fields, then those of the views it reads."""
        asked_by = f"a request field of {self}"
        own = [Input(name, type_, asked_by) for name, type_ in self.request.items()]
        read: list[FeatureView | OnDemandView | Role] = [*self.dependencies, *self.views]
        return tuple(dict.fromkeys([*own, *(item for view in read for item in view.inputs)]))

    def _request_problems(self) -> Iterator[str]:
        for name, type_ in self.request.items():
            yield from (f"request {name!r}: {text}" for text in types.type_problems(type_))

    def _set_features(self, features: object, problems: list[str]) -> None:
        expressions: dict[str, Node] = {}
        found: dict[str, ValueType] = {}
        if not isinstance(features, Mapping) or not features:
            what = "an expression" if self.function is None else "a type"
            problems.append(f"features must map at least one name to {what}")
            features = {}
        problems.extend(column_name_problems("feature", features))
        for name, expression in features.items():
            if self.function is not None:
                problems.extend(f"feature {name!r}: {x}" for x in types.type_problems(expression))
                found[name] = expression
                continue
            if not isinstance(expression, Expr):
                problems.append(f"feature {name!r} is {shown(expression)}; write an expression")
                continue
            expressions[name] = expression.node
            scope = Scope(request=self.request, allows_columns=False)
            type_ = scope.type_of(expression.node)
            problems.extend(f"feature {name!r}: {problem}" for problem in scope.problems)
            if type_ is not None:
                found[name] = type_
        object.__setattr__(self, "expressions", FrozenMapping(expressions))
        object.__setattr__(self, "feature_types", FrozenMapping(found))

    def __str__(self) -> str:
        return f"OnDemandView({self.name!r}, version={self.version.written!r})"

    __repr__ = __str__


def _fields(request: object, problems: list[str]) -> Mapping[str, ValueType]:
    if request is None:
        return {}
    if not isinstance(request, Mapping):
        problems.append(
            "request must map fields to types, for example {'amount': Float64}, not "
            f"{shown(request)}"
        )
        return {}
    problems.extend(column_name_problems("request field", request))
    return request


def views_read(view: OnDemandView) -> Iterator[FeatureView | OnDemandView | Role]:
    """Return the views whose features a view's expressions name, as often as they name one."""
    read = view.expressions.values() if view.function is None else view.function.inputs
    for node in read:
        for part in walk(node):
            if isinstance(part, FeatureNode):
                yield cast("FeatureView | OnDemandView | Role", part.view)


@hinted(FUNCTIONS)
def on_demand_view(  # noqa: PLR0913 - all by keyword
    *,
    features: Mapping[str, ValueType],
    inputs: Sequence[Expr] = (),
    request: Mapping[str, ValueType] | None = None,
    name: str | None = None,
    version: Written | Version = 1,
    description: str = "",
    owner: str = "",
    tags: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Mapping[str, Any]]], OnDemandView]:
    """Make an on-demand view of a plain function of one row's values.

    The function is called row by row, in training and in serving alike. Its arguments are named
    like the features of `inputs` and the fields of `request`; a missing value is None, never NaN.
    It returns a dict of the features. What it may do is judged from its source at once: it may call
    plain functions beside it, and import what gives the same bits everywhere.

    Args:
        features: names to types of what it returns.
        inputs: features that it reads, `view["feature"]`, and `request_time()` if it asks for the
            instant. Two features of one name are given as `view__feature`.
        request: the fields that the caller sends, and that a training frame carries.
        name: of the view, if not the function's.
        version: as for `OnDemandView`. Features of one function change together: whatever is
            changed or added is another major.
        description: in words.
        owner: who answers for it.
        tags: names to texts.

    Raises:
        DefinitionError: with everything that is wrong, with lines of the function.
    """

    def view_of(function: Callable[..., Mapping[str, Any]]) -> OnDemandView:
        found = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        problems = [
            f"input {shown(item)} is no feature; write view['feature'], or request_time()"
            for item in found
            if not (isinstance(item, Expr) and _is_input(item.node))
        ]
        nodes = [item.node for item in found if isinstance(item, Expr) and _is_input(item.node)]
        problems += [f"input {render(node)} is there twice" for node in _repeated(nodes)]
        fields, own = (
            [item for item in given if isinstance(item, str)] if isinstance(given, Mapping) else []
            for given in (request, features)
        )
        made = PythonFunction.of(function, list(dict.fromkeys(nodes)), fields, own)
        return OnDemandView(
            name or made.name,
            features=features,
            request=request,
            version=version,
            description=description,
            owner=owner,
            tags=tags,
            function=replace(made, problems=(*problems, *made.problems)),
        )

    return view_of


def _is_input(node: Node) -> bool:
    return isinstance(node, FeatureNode) or is_instant(node)


def _repeated(nodes: Sequence[Node]) -> list[Node]:
    return [node for index, node in enumerate(nodes) if node in nodes[:index]]
