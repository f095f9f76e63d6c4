"""DynamoDB's expressions: read once, and walked without asking each node for its ancestry.

Stock moto parses an UpdateItem's expression twice and its condition twice, copies the tree by
`copy.deepcopy`, and walks the copy ten times (twenty for a new item) with `isinstance` on abstract
classes at every node: 6 of the 8 ms that an UpdateItem of seven attributes takes. Trees and checks
stay moto's own.
"""

from __future__ import annotations

import functools
from collections import deque
from typing import Any

import moto.dynamodb.parsing.ast_nodes as moto_nodes
import moto.dynamodb.parsing.expressions as moto_expressions
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

_KEPT = 512
# Moto has no types for these.
_NODES: Any = moto_nodes
_EXPRESSIONS: Any = moto_expressions


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    _parse_an_update_once()
    _split_a_condition_once()
    _copy_trees_directly()
    _walk_trees_by_type()
    _check_whole_trees_at_the_root()


def _parse_an_update_once() -> None:
    parser = _EXPRESSIONS.UpdateExpressionParser
    # The tree may be shared: moto changes only the copy that a Validator makes of it.
    parser.make = staticmethod(functools.lru_cache(_KEPT)(parser.make))


def _split_a_condition_once() -> None:
    parser: Any = ConditionExpressionParser
    stock = parser._lex_condition_expression

    @functools.lru_cache(_KEPT)
    def split(expression: str) -> tuple[Any, ...]:
        return tuple(stock(parser(expression, None, None)))

    # The nodes may be shared: a later step replaces what it reads, and values enter then.
    parser._lex_condition_expression = lambda self: deque(split(self.condition_expression))


def _copy_trees_directly() -> None:
    _NODES.Node.__deepcopy__ = lambda self, _: _copied(self)


def _copied(node: Any) -> Any:
    copied = object.__new__(type(node))
    copied.__dict__.update(node.__dict__)
    if node.children is not None:
        copied.children = children = []
        for child in node.children:
            if _is_node(child.__class__):
                children.append(_copied(child))
                children[-1].parent = copied
            else:
                children.append(child)
    return copied


def _walk_trees_by_type() -> None:
    _NODES.Node.find_clauses = _find_clauses
    _NODES.DepthFirstTraverser.traverse = _traverse


def _find_clauses(self: Any, kinds: list[type]) -> list[Any]:
    found = []
    for child in self.children or ():
        if type(child) in kinds:
            found.append(child)
        elif _is_container(child.__class__):
            found.extend(_find_clauses(child, kinds))
    return found


def _traverse(self: Any, root: Any) -> Any:
    """Do what `traverse_node_recursively` does, with what a type's nodes need looked up once."""
    processors = self._processing_map()
    kinds = tuple(processors)
    before = type(self).pre_processing_of_child
    tells = before is not _NODES.DepthFirstTraverser.pre_processing_of_child

    def walk(node: Any, position: int) -> Any:
        parent = node.parent
        for place, child in enumerate(node.children or ()):
            if tells:
                before(self, node, place)
            if _is_node(child.__class__):
                walk(child, place)
        kind = _first_kind(node.__class__, kinds)
        if kind is not None:
            node = processors[kind](node)
            node.parent = parent
            if parent:
                parent.children[position] = node
        return node

    return walk(root, -1)


@functools.cache
def _is_node(kind: type) -> bool:
    return issubclass(kind, _NODES.Node)


@functools.cache
def _is_container(kind: type) -> bool:
    containers = (_NODES.Expression, _NODES.UpdateExpressionFunction)
    return issubclass(kind, containers)


@functools.cache
def _first_kind(kind: type, kinds: tuple[type, ...]) -> type | None:
    return next((one for one in kinds if issubclass(kind, one)), None)


def _check_whole_trees_at_the_root() -> None:
    """Check once what holds for every subtree if it holds for the tree.

    Stock moto collects the clauses below every node anew. A failing tree is walked as stock moto
    does, so that of several errors the same one is reported.
    """
    for kind, check in (
        (ActionCountValidator, "verify_action_counts"),
        (OverlappingPathsValidator, "check_for_overlapping_paths"),
    ):
        validator: Any = kind
        validator.traverse = functools.partialmethod(_check_at_the_root, check)


def _check_at_the_root(self: Any, check: str, root: Any) -> Any:
    try:
        return getattr(self, check)(root)
    except (MockValidationException, KeyError):
        return _traverse(self, root)
