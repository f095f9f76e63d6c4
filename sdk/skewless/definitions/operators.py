"""The operators of expressions, and what those take that work on one kind of value."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.quick import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.types import ValueType


class Operator(Enum):
    """The operators; the value is how documents name it."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    AND = "&"
    OR = "|"
    NOT = "~"
    NEGATE = "negate"
    ABSOLUTE = "abs"
    SQUARE_ROOT = "sqrt"
    FLOOR = "floor"
    CEILING = "ceil"
    # what documents of before hold, and each engine's own: 1 ulp apart at times
    LOGARITHM = "ln"
    EXPONENTIAL = "exp"
    POWER = "**"
    IS_NULL = "is_null"
    FILL_NULL = "fill_null"
    IF_ELSE = "if_else"
    # elementary functions
    EXP = "exp_v2"
    EXPM1 = "expm1"
    LN = "ln_v2"
    LOG2 = "log2"
    LOG10 = "log10"
    LOG1P = "log1p"
    POW = "pow_v2"
    SIN = "sin"
    COS = "cos"
    TAN = "tan"
    ASIN = "asin"
    ACOS = "acos"
    ATAN = "atan"
    ATAN2 = "atan2"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    HAVERSINE = "haversine"
    # choices
    NULL_IF = "nullif"
    GREATEST = "greatest"
    LEAST = "least"
    CLIP = "clip"
    BUCKETIZE = "bucketize"
    CAST = "cast"
    # numbers
    FLOOR_DIVIDE = "//"
    MODULO = "%"
    SIGN = "sign"
    ROUND = "round"
    # texts
    CONCAT = "concat"
    HASH_MOD = "hash_mod"
    LOWER = "lower"
    UPPER = "upper"
    STRIP = "strip"
    LENGTH = "len"
    SLICE = "slice"
    REPLACE = "replace"
    SPLIT_PART = "split_part"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    CONTAINS = "contains"
    # instants
    REQUEST_TIME = "request_time"
    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"
    WEEKDAY = "weekday"
    ORDINAL_DAY = "ordinal_day"
    TRUNCATE = "truncate"
    # lists and maps
    LIST_LENGTH = "list_len"
    LIST_GET = "list_get"
    LIST_CONTAINS = "list_contains"
    LIST_COUNT = "list_count_matches"
    LIST_MIN = "list_min"
    LIST_MAX = "list_max"
    LIST_SUM = "list_sum"
    LIST_MEAN = "list_mean"
    MAP_GET = "map_get"
    MAP_LENGTH = "map_len"
    MAP_SUM = "map_sum"

    @property
    def shown(self) -> str:
        """How it is printed: as users write it, if they can."""
        return _SHOWN.get(self, self.value)


_SHOWN: Mapping[Operator, str] = MappingProxyType(
    {
        Operator.EXP: "exp",
        Operator.LN: "ln",
        Operator.POW: "**",
        Operator.EXPONENTIAL: "exp_v1",
        Operator.LOGARITHM: "ln_v1",
        Operator.POWER: "pow_v1",
    }
)


@dataclass(frozen=True, slots=True)
class Method:
    """What an operator takes first, and gives; the arguments after the first are constants.

    Attributes:
        takes: the type of the first argument.
        gives: the type of the result.
        namespace: where users find it, `str` or `dt`.
    """

    takes: ValueType
    gives: ValueType
    namespace: str


TEXTS: Mapping[Operator, Method] = MappingProxyType(
    {
        Operator.LOWER: Method(types.String, types.String, "str"),
        Operator.UPPER: Method(types.String, types.String, "str"),
        Operator.STRIP: Method(types.String, types.String, "str"),
        Operator.LENGTH: Method(types.String, types.Int64, "str"),
        Operator.SLICE: Method(types.String, types.String, "str"),
        Operator.REPLACE: Method(types.String, types.String, "str"),
        Operator.SPLIT_PART: Method(types.String, types.String, "str"),
        Operator.STARTS_WITH: Method(types.String, types.Bool, "str"),
        Operator.ENDS_WITH: Method(types.String, types.Bool, "str"),
        Operator.CONTAINS: Method(types.String, types.Bool, "str"),
    }
)
INSTANTS: Mapping[Operator, Method] = MappingProxyType(
    {
        Operator.TRUNCATE: Method(types.Timestamp, types.Timestamp, "dt"),
        **{
            part: Method(types.Timestamp, types.Int64, "dt")
            for part in (
                Operator.YEAR,
                Operator.MONTH,
                Operator.DAY,
                Operator.HOUR,
                Operator.MINUTE,
                Operator.SECOND,
                Operator.WEEKDAY,
                Operator.ORDINAL_DAY,
            )
        },
    }
)
# What is asked of the calendar, and not of the clock: of a Date as well.
CALENDAR = frozenset(
    {Operator.YEAR, Operator.MONTH, Operator.DAY, Operator.WEEKDAY, Operator.ORDINAL_DAY}
)
SIGNATURES: Mapping[Operator, Method] = MappingProxyType({**TEXTS, **INSTANTS})
# Where users find the methods of lists and maps, and how they are called there.
COLLECTIONS: Mapping[Operator, tuple[str, str]] = MappingProxyType(
    {
        operator: (namespace, operator.value.removeprefix(f"{namespace}_"))
        for operator in Operator
        for namespace in ("list", "map")
        if operator.value.startswith(f"{namespace}_")
    }
)
METHODS: Mapping[Operator, str] = MappingProxyType(
    {
        **{operator: f"{kind.namespace}.{operator.value}" for operator, kind in SIGNATURES.items()},
        **{operator: ".".join(names) for operator, names in COLLECTIONS.items()},
    }
)
