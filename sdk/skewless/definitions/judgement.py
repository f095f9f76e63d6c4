"""Judging the source of an on-demand view's function: only what it says can be run is run.

The judge reads a syntax tree and runs nothing. What it does not know it refuses. It gives all
problems at once, each with its line and the way out.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from skewless.definitions import allowed
from skewless.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Place: TypeAlias = Callable[[ast.AST], str]

_EXPRESSIONS = (
    ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Dict, ast.List, ast.Tuple, ast.ListComp,
    ast.DictComp, ast.GeneratorExp, ast.Compare, ast.JoinedStr, ast.Subscript, ast.Slice,
    ast.Starred, ast.NamedExpr, ast.keyword, ast.comprehension, ast.expr_context, ast.boolop,
    ast.unaryop, ast.cmpop, ast.operator,
)  # fmt: skip
_STATEMENTS = (
    ast.Assign, ast.AugAssign, ast.Return, ast.If, ast.For, ast.Break, ast.Continue, ast.Pass,
    ast.Raise, ast.Try,
)  # fmt: skip
_REFUSED: Mapping[type[ast.AST], str] = {
    ast.While: "a while loop may not end; write for i in range(n)",
    ast.Assert: "python -O leaves assert out; write if not x: raise ValueError(...)",
    ast.Lambda: "write a function beside it, and call that by its name",
    ast.Global: "a row must not depend on the row before",
    ast.Nonlocal: "a row must not depend on the row before",
    ast.ClassDef: "write plain functions and values",
    ast.FunctionDef: "write the function beside it, not in it",
    ast.AsyncFunctionDef: "it is called for one row, and nothing may be waited for",
    ast.Await: "nothing may be waited for",
    ast.Yield: "return one dict",
    ast.YieldFrom: "return one dict",
    ast.With: "nothing can be opened in it",
    ast.AsyncWith: "nothing can be opened in it",
    ast.AsyncFor: "nothing may be waited for",
    ast.Delete: "leave the name as it is",
    ast.Match: "write if, elif, else",
    ast.SetComp: "the order of a set changes from process to process; write a list",
    ast.MatMult: "values are plain numbers; write sum(a * b for a, b in zip(x, y))",
}
_WHAT: Mapping[type[ast.AST], str] = {
    ast.FunctionDef: "a function in a function",
    ast.ClassDef: "a class",
    ast.SetComp: "a set",
    ast.MatMult: "@",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a function must take and give.

    Attributes:
        name: of the function.
        parameters: by what names it is given its inputs.
        features: what it returns, by name.
    """

    name: str
    parameters: Sequence[str]
    features: Sequence[str]


def judge(
    module: ast.Module, wanted: Wanted, place: Place, refused: Iterable[str] = ()
) -> list[str]:
    """Return everything that is wrong with the functions of a module.

    Args:
        module: imports, then functions that call only those before them; the last one is wanted.
        wanted: what the last one must be.
        place: says where a node stands.
        refused: names that were refused before, about which nothing more is said.
    """
    judge_ = _Judge(place, refused={*refused})
    for statement in module.body:
        judge_.top(statement)
    found = judge_.problems
    match module.body:
        case [*_, ast.FunctionDef(name=wanted.name) as main]:
            found.extend(f"{place(main)}: {text}" for text in _signature_problems(main, wanted))
            found.extend(_return_problems(main, wanted, place))
        case _:
            found.append(f"the source does not end with the function {wanted.name!r}")
    return list(dict.fromkeys(found))


@dataclass(slots=True)
class _Judge:
    """Walks the tree. What a name stands for is learned as imports and functions are met."""

    place: Place
    problems: list[str] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    local: frozenset[str] = frozenset()

    def refuse(self, node: ast.AST, what: str, why: str) -> None:
        self.problems.append(f"{self.place(node)}: {what} cannot be in it: {why}")

    def top(self, node: ast.stmt) -> None:
        match node:
            case ast.Import() | ast.ImportFrom():
                self.imports(node)
            case ast.FunctionDef():
                self.function(node)
            case _:
                self.refuse(node, "what is no function", "write it in the function")

    def imports(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.name not in allowed.MODULES:
                    self.refuse(node, f"import {each.name}", why_no_module(each.name))
                    self.refused.add(each.asname or each.name.partition(".")[0])
                else:
                    self._named(node, each.asname or each.name)
                    self.modules[each.asname or each.name] = each.name
            return
        for each in node.names:
            module, name = node.module or "", each.asname or each.name
            self._named(node, name)
            if node.level or module not in allowed.MODULES:
                self.refuse(node, f"from {module} import {each.name}", why_no_module(module))
                self.refused.add(name)
            elif each.name not in allowed.MODULES[module]:
                self.refuse(node, f"{module}.{each.name}", why_no_member(module, each.name))
                self.refused.add(name)
            else:
                self.members[name] = (module, each.name)

    def function(self, node: ast.FunctionDef) -> None:
        self._named(node, node.name)
        arguments = node.args
        if node.decorator_list:
            self.refuse(node.decorator_list[0], "a decorator", "write a plain function")
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None and not isinstance(default, ast.Constant):
                self.refuse(default, "this default", "a default must be a constant")
        if arguments.vararg or arguments.kwarg:
            self.refuse(node, "* or **", "name every argument")
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self._named(each, each.arg)
        stored = {
            part.id
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
        }
        stored |= {
            part.name for part in ast.walk(node) if isinstance(part, ast.ExceptHandler) if part.name
        }
        every = [each for each in ast.walk(arguments) if isinstance(each, ast.arg)]
        if node.returns or any(each.annotation for each in every):
            self.refuse(node, "an annotation", "types stand in features= and request=")
        given = {each.arg for each in every}
        self.local = frozenset(stored | given)
        for name in sorted(self.local & {*self.modules, *self.members, *self.functions}):
            self.refuse(node, f"the name {name!r}", "it stands for two things; rename one")
        for statement in node.body:
            self.statement(statement)
        self.functions.add(node.name)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=value):
                self.expression(value)
                return
        if not isinstance(node, _STATEMENTS):
            self._unknown(node)
            return
        if isinstance(node, ast.Raise):
            self._raise(node)
            return
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Pow):
            self.refuse(node, "**=", "write x = x ** 2")
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.stmt):
                self.statement(part)
            elif isinstance(part, ast.ExceptHandler):
                self._handler(part)
            else:
                self.expression(part)

    def expression(self, node: ast.AST) -> None:  # noqa: C901, PLR0912 - a case for each kind
        match node:
            case ast.Constant(value=value):
                if not isinstance(value, str | bytes | int | float | None):
                    self.refuse(node, repr(value), "write numbers, texts, True, False or None")
            case ast.Name(id=name):
                if isinstance(node.ctx, ast.Load):
                    self._loaded(node, name)
                else:
                    self._named(node, name)
            case ast.Attribute():
                self._attribute(node)
            case ast.Call():
                self._call(node)
            case ast.Compare(left=left, ops=operators, comparators=right):
                self._compare(left, operators, right)
            case ast.BinOp(op=ast.MatMult()):
                self.refuse(node, "@", _REFUSED[ast.MatMult])
            case ast.FormattedValue(value=value, format_spec=spec):
                self.expression(value)
                self._format(node, spec)
            case ast.Set():
                self.refuse(
                    node,
                    "a set",
                    "its order changes from process to process; write a list, or x in {...}",
                )
            case _ if isinstance(node, _EXPRESSIONS):
                self._children(node)
            case _:
                self._unknown(node)

    def _children(self, node: ast.AST) -> None:
        for part in ast.iter_child_nodes(node):
            self.expression(part)

    def _unknown(self, node: ast.AST) -> None:
        kind = type(node)
        what = _WHAT.get(kind, kind.__name__.lower())
        self.refuse(node, what, _REFUSED.get(kind, "write it with if, for and return"))

    def _named(self, node: ast.AST, name: str) -> None:
        if name.startswith("__"):
            self.refuse(node, name, "names with two underscores are Python's own")
        elif name in allowed.CALLED | allowed.SETS | allowed.ERRORS:
            self.refuse(node, f"another {name}", "the name is Python's own; choose another")

    def _loaded(self, node: ast.AST, name: str) -> None:
        """Judge a name that is read, and not called."""
        if name in self.local | self.refused:
            return
        if name in self.members:
            self._constant(node, *self.members[name])
        elif name in self.functions or name in allowed.CALLED | allowed.SETS | allowed.ERRORS:
            self.refuse(node, f"{name} as a value", f"call it: {name}(...)")
        elif name in self.modules:
            self.refuse(node, f"the module {name} as a value", f"write {name}.name")
        else:
            self.unnamed(node, name)

    def _is_refused(self, node: ast.expr) -> bool:
        """Say whether something is of what was refused already."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.refused - self.local

    def _constant(self, node: ast.AST, module: str, name: str) -> None:
        """Refuse a function or class as a value: its text is an address."""
        if name not in allowed.CONSTANTS and name in allowed.MODULES[module]:
            self.refuse(node, f"{name} as a value", f"call it: {name}(...)")

    def unnamed(self, node: ast.AST, name: str) -> None:
        """Refuse a name that stands for nothing that is allowed."""
        if name.startswith("__"):
            self.refuse(node, name, "names with two underscores are Python's own")
        elif name in allowed.BUILTINS:
            self.refuse(node, name, allowed.BUILTINS[name])
        else:
            known = {*self.local, *self.functions, *self.modules, *self.members, *allowed.CALLED}
            self.problems.append(
                f"{self.place(node)}: {name} is no argument, and nothing that is named in the "
                f"function.{did_you_mean(name, sorted(known))}"
            )

    def _attribute(self, node: ast.Attribute, *, is_value: bool = True) -> None:
        name = node.attr
        if self._is_refused(node):
            return
        match node.value:
            case ast.Name(id=base) if base in {*self.modules} - self.local:
                module = self.modules[base]
                if name not in allowed.MODULES[module]:
                    self.refuse(node, f"{module}.{name}", why_no_member(module, name))
                elif is_value:
                    self._constant(node, module, name)
                return
            case ast.Name(id=base) if base in allowed.KINDS or base in self.members:
                pass  # a method of a class, like int.from_bytes
            case ast.Attribute() as inner:
                self._attribute(inner, is_value=False)
            case _:
                self.expression(node.value)
        self._method(node, name)

    def _method(self, node: ast.Attribute, name: str) -> None:
        """Judge a method of a value, or an attribute."""
        if not isinstance(node.ctx, ast.Load):
            self.refuse(node, f"an assignment to .{name}", "assign to a name of its own")
        elif name.startswith("_"):
            self.refuse(node, f".{name}", "it reaches into Python's own machinery")
        elif name in allowed.REFUSED_ATTRIBUTES:
            self.refuse(node, f".{name}", allowed.REFUSED_ATTRIBUTES[name])
        elif name not in allowed.ATTRIBUTES:
            hint = did_you_mean(name, sorted(allowed.ATTRIBUTES))
            why = "it is no method of plain values"
            self.refuse(node, f".{name}", why + (f".{hint}" if "mean" in hint else ""))

    def _call(self, node: ast.Call) -> None:
        function, rest = node.func, [*node.args, *node.keywords]
        for each in node.keywords:
            if each.arg is None:
                self.refuse(node, "**", "name every argument")
        match function:
            case ast.Name(id=name) if name not in self.local:
                rest = self._call_of_name(node, name)
            case ast.Name(id=name):
                self.refuse(node, f"a call of {name}", "it is a value, not a function")
            case ast.Attribute():
                self._attribute(function, is_value=False)
                self._zoned(node, function.attr)
            case _:
                self.refuse(node, "a call of a value", "call a function by its name")
        for argument in rest:
            if not self._is_passed(function, argument):
                self.expression(argument)

    def _is_passed(self, function: ast.expr, argument: ast.AST) -> bool:
        """Say whether an argument is a function or class where one is wanted."""
        named = allowed.CALLED | self.functions
        match function, argument:
            case _, ast.keyword(arg="key", value=ast.Name(id=passed)):
                return passed in named - self.local
            case (
                (ast.Name(id="defaultdict") | ast.Attribute(attr="defaultdict")),
                ast.Name(id=name),
            ):
                return name in allowed.KINDS
        return False

    def _call_of_name(self, node: ast.Call, name: str) -> list[ast.AST]:
        """Judge a call of a name; return the arguments that are yet to be judged."""
        rest: list[ast.AST] = [*node.args, *node.keywords]
        if name in allowed.ORDERLESS and len(node.args) == len(rest) == 1:
            found = self._of_set(node.args[0])
            if found is not None:
                return found
        if name == "isinstance":
            return self._kinds(node)
        if name in allowed.SETS:
            self.refuse(
                node,
                name,
                "its order changes from process to process; write len(set(x)) or sorted(set(x))",
            )
        elif name in self.modules:
            self.refuse(node, f"a call of the module {name}", f"write {name}.name(...)")
        elif name not in self.functions | allowed.CALLED | self.refused | {*self.members}:
            self.unnamed(node, name)
        return rest

    def _of_set(self, node: ast.expr) -> list[ast.AST] | None:
        """Return what a set is made of, if an expression is one; its order is not asked for."""
        match node:
            case ast.Call(func=ast.Name(id=name), args=values, keywords=[]) if name in allowed.SETS:
                return list(values)
            case ast.SetComp(elt=element, generators=generators):
                return [element, *generators]
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() | ast.Sub(), right=right):
                first, second = self._of_set(left), self._of_set(right)
                return None if first is None or second is None else [*first, *second]
        return None

    def _kinds(self, node: ast.Call) -> list[ast.AST]:
        match node.args:
            case [value, ast.Tuple(elts=kinds)] if all(map(self._is_kind, kinds)):
                return [value]
            case [value, kind] if self._is_kind(kind):
                return [value]
        return [*node.args]

    def _is_kind(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                return name in allowed.KINDS or name in self.members
            case ast.Attribute(value=ast.Name(id=name)):
                self._attribute(node, is_value=False)
                return name in self.modules
        return False

    def _zoned(self, node: ast.Call, name: str) -> None:
        """Refuse calls that go by the machine's zone if none is given."""
        given = len(node.args) + len(node.keywords)
        if (name == "fromtimestamp" and given < 2) or (name == "astimezone" and not given):  # noqa: PLR2004 - the instant and its zone
            self.refuse(
                node, f".{name} without a zone", "it would be the machine's; give timezone.utc"
            )

    def _compare(
        self, left: ast.expr, operators: Sequence[ast.cmpop], right: Sequence[ast.expr]
    ) -> None:
        self.expression(left)
        before = left
        for operator, value in zip(operators, right, strict=True):
            if isinstance(operator, ast.Is | ast.IsNot) and not (
                _is_single(before) or _is_single(value)
            ):
                self.refuse(value, "is", "equal values may be two objects; write ==")
            if isinstance(operator, ast.In | ast.NotIn) and isinstance(value, ast.Set):
                self._children(value)
            else:
                self.expression(value)
            before = value

    def _format(self, node: ast.AST, spec: ast.expr | None) -> None:
        match spec:
            case None | ast.JoinedStr(values=[]):
                return
            case ast.JoinedStr(values=[ast.Constant(value=str(text))]):
                if "%" not in text.rstrip("%") and not text.endswith(("n", "N")):
                    return
        self.refuse(node, "this format", "write a constant like .2f; parts of a date one by one")

    def _raise(self, node: ast.Raise) -> None:
        match node:
            case ast.Raise(exc=None, cause=None):
                return
            case ast.Raise(exc=ast.Name(id=name)) if name in allowed.ERRORS:
                return
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=values, keywords=[])) if (
                name in allowed.ERRORS
            ):
                for value in values:
                    self.expression(value)
                return
        self.refuse(node, "this raise", 'write raise ValueError("...")')

    def _handler(self, node: ast.ExceptHandler) -> None:
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for kind in kinds:
            if not (isinstance(kind, ast.Name) and kind.id in {*allowed.ERRORS, *self.members}):
                self.refuse(
                    node,
                    "this except",
                    f"name the error; known are {', '.join(sorted(allowed.ERRORS))}",
                )
        for statement in node.body:
            self.statement(statement)


def why_no_module(name: str) -> str:
    """Say why a module is refused."""
    for known in (name, name.partition(".")[0]):
        if known in allowed.REFUSED_MODULES:
            return allowed.REFUSED_MODULES[known]
    return f"only these can be imported: {', '.join(sorted(allowed.MODULES))}"


def why_no_member(module: str, name: str) -> str:
    """Say why a module's member is refused."""
    if (module, name) in allowed.MEMBERS:
        return allowed.MEMBERS[module, name]
    hint = did_you_mean(name, sorted(allowed.MODULES[module]))
    return f"it is not among what is allowed of {module}.{hint}"


def _is_single(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _signature_problems(main: ast.FunctionDef, wanted: Wanted) -> Iterator[str]:
    arguments = main.args
    given = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    if arguments.defaults or any(arguments.kw_defaults):
        yield "arguments cannot have defaults: a missing value is None"
    if arguments.posonlyargs:
        yield "its arguments are given by name; leave out the /"
    for name in given:
        if name not in wanted.parameters:
            hint = did_you_mean(name, wanted.parameters)
            yield f"the argument {name!r} is neither an input nor a request field.{hint}"
    for name in wanted.parameters:
        if name not in given:
            yield f"{name!r} is given to the function, and is not among its arguments"


def _return_problems(main: ast.FunctionDef, wanted: Wanted, place: Place) -> Iterator[str]:
    returns = [part for part in ast.walk(main) if isinstance(part, ast.Return)]
    example = f"return {{{', '.join(f'{name!r}: ...' for name in wanted.features)}}}"
    if not returns:
        yield f"{place(main)}: it returns nothing; write {example}"
    for node in returns:
        match node.value:
            case ast.Dict(keys=keys):
                yield from _key_problems(node, keys, wanted, place)
            case None | ast.Constant() | ast.List() | ast.Tuple() | ast.BinOp() | ast.Compare():
                yield f"{place(node)}: it returns no dict; write {example}"


def _key_problems(
    node: ast.Return, keys: Sequence[ast.expr | None], wanted: Wanted, place: Place
) -> Iterator[str]:
    names = [key.value for key in keys if isinstance(key, ast.Constant)]
    for name in names:
        if name not in wanted.features:
            hint = did_you_mean(str(name), wanted.features)
            yield f"{place(node)}: it returns {name!r}, which is no feature.{hint}"
    if len(names) == len(keys):
        for name in wanted.features:
            if name not in names:
                yield f"{place(node)}: it returns no {name!r}; a value that is missing is None"
