"""What the Python function of an on-demand view may name, and what to write in place of the rest.

All that is here gives the same result for the same arguments in every process and on every machine,
for one minor version of Python. What reads the clock, chance, files, the network or the process's
settings is not here, nor what an operating system's mathematics library computes: `exp`, `log`,
`sin` and their like are ours, with the same bits everywhere.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Functions of the `builtins` module that may be called.
CALLED = _names(
    "abs all any ascii bin bool bytes chr dict divmod enumerate float hex int isinstance len list "
    "max min oct ord pow range repr reversed round sorted str sum tuple zip"
)
# A set's order changes from process to process, so only what does not depend on it may ask for one.
SETS = _names("set frozenset")
ORDERLESS = _names("all any len max min sorted")
ERRORS = _names(
    "ArithmeticError AttributeError Exception IndexError KeyError LookupError OverflowError "
    "TypeError ValueError ZeroDivisionError UnicodeError UnicodeDecodeError UnicodeEncodeError"
)
# Types that may be an argument of isinstance.
KINDS = _names("bool bytes dict float int list str tuple")
# The modules that may be imported, and what of them.
MODULES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "math": _names(
            "acos asin atan atan2 cos exp expm1 log log10 log1p log2 pow sin tan tanh "
            "ceil comb copysign degrees e fabs factorial floor fmod frexp fsum gcd inf isclose "
            "isfinite isinf isnan isqrt lcm ldexp modf nan perm pi prod radians remainder sqrt tau "
            "trunc ulp"
        ),
        "datetime": _names("UTC date datetime time timedelta timezone"),
        "decimal": _names(
            "Decimal ROUND_CEILING ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN ROUND_HALF_EVEN "
            "ROUND_HALF_UP ROUND_UP DivisionByZero InvalidOperation"
        ),
        "re": _names(
            "fullmatch findall match search split sub A ASCII I IGNORECASE M MULTILINE S DOTALL"
        ),
        "hashlib": _names("md5 sha1 sha256 sha512"),
        "zlib": _names("adler32 crc32"),
        "json": _names("dumps loads JSONDecodeError"),
        "base64": _names("b64decode b64encode urlsafe_b64decode urlsafe_b64encode"),
        "bisect": _names("bisect bisect_left bisect_right"),
        "string": _names("ascii_letters ascii_lowercase ascii_uppercase digits punctuation"),
        "calendar": _names("isleap monthrange"),
        "unicodedata": _names("category normalize"),
        "collections": _names("Counter defaultdict deque"),
    }
)
# Of these, what is a value, and no function or class.
CONSTANTS = _names(
    "e inf nan pi tau UTC A ASCII I IGNORECASE M MULTILINE S DOTALL ascii_letters ascii_lowercase "
    "ascii_uppercase digits punctuation ROUND_CEILING ROUND_DOWN ROUND_FLOOR ROUND_HALF_DOWN "
    "ROUND_HALF_EVEN ROUND_HALF_UP ROUND_UP"
)
# Attributes and methods of values. The names are enough, since no class is made in a function.
ATTRIBUTES = (
    _names(  # texts and bytes
        "capitalize casefold center count decode encode endswith expandtabs find index isalnum "
        "isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace "
        "istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind "
        "rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title "
        "upper zfill hex fromhex"
    )
    | _names(  # lists, dicts and tuples
        "append clear copy extend get insert items keys most_common pop popleft remove reverse "
        "setdefault sort update values"
    )
    | _names(  # numbers
        "as_integer_ratio bit_count bit_length conjugate is_integer quantize to_integral_value "
        "is_nan is_finite is_infinite is_signed is_zero copy_abs copy_negate as_tuple adjusted "
        "scaleb numerator denominator sqrt from_bytes to_bytes"
    )
    | _names(  # instants
        "astimezone combine date day days fold fromisocalendar fromisoformat fromordinal "
        "fromtimestamp hour isocalendar isoformat isoweekday microsecond microseconds minute month "
        "replace second seconds time timetz toordinal total_seconds tzinfo utc utcoffset weekday "
        "year week"
    )
    | _names("digest hexdigest group groups groupdict start end span")  # hashes and matches
)

_CLOCK = "it reads the clock; take the instant as an input: inputs=[request_time()]"
_CHANCE = "it draws at random, so that training and serving would differ"
_OUTSIDE = "it reaches outside of the function; take what it gives as a feature or a request field"
_ESCAPE = "it reaches into Python's own machinery"
_ROWS = (
    "the function gets one row's plain values, in training and in serving alike; write "
    "if and else, math.sqrt(x), sum(list)"
)
_PLATFORM = "its last bits depend on the operating system"
_ADDRESS = "it differs from process to process; write hashlib.md5(x.encode()).hexdigest()"
_ZONE = "its data differ between machines; write timezone(timedelta(hours=2))"
# Why a name is refused, and the way out.
BUILTINS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("open", "print", "input", "breakpoint", "help"), _OUTSIDE),
        **dict.fromkeys(
            _names(
                "eval exec compile globals locals vars dir getattr setattr delattr hasattr "
                "__import__ type object super classmethod callable issubclass memoryview property "
                "staticmethod"
            ),
            _ESCAPE,
        ),
        **dict.fromkeys(("hash", "id"), _ADDRESS),
        **dict.fromkeys(("map", "filter"), "write [f(x) for x in xs if ...]"),
        "format": "write an f-string: f'{x:.2f}'",
        "complex": "no type of features is a complex number",
        "BaseException": "name the error that you expect, or Exception",
        "iter": "write for x in xs",
        "next": "write a for loop, or xs[0]",
        "slice": "write xs[1:3]",
    }
)
REFUSED_MODULES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("numpy", "pandas", "polars", "pyarrow", "scipy", "sklearn"), _ROWS),
        **dict.fromkeys(("torch", "tensorflow", "pyspark", "duckdb", "numba"), _ROWS),
        "time": _CLOCK,
        **dict.fromkeys(("random", "secrets", "uuid"), _CHANCE),
        **dict.fromkeys(
            _names(
                "os sys io pathlib socket requests httpx boto3 subprocess logging pickle "
                "importlib inspect ctypes threading warnings http redis sqlite3 shutil tempfile "
                "asyncio"
            ),
            _OUTSIDE,
        ),
        **dict.fromkeys(
            ("urllib", "ipaddress"),
            "patch releases of one Python changed what it gives; write text.split(...)",
        ),
        **dict.fromkeys(("zoneinfo", "pytz", "dateutil"), _ZONE),
        "locale": "it is a setting of the process",
        "cmath": "no type of features is a complex number",
        "statistics": "write sum(xs) / len(xs), or an aggregate of the view: agg.stddev_samp",
    }
)
MEMBERS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        **{
            ("math", name): _PLATFORM
            for name in _names(
                "acosh asinh atanh cbrt cosh dist erf erfc exp2 gamma lgamma sinh sumprod"
            )
        },
        ("math", "hypot"): f"{_PLATFORM}; write math.sqrt(x * x + y * y)",
        (
            "decimal",
            "getcontext",
        ): "the context is a setting of the process; it is the default here",
    }
)
REFUSED_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("now", "today", "utcnow"), _CLOCK),
        **dict.fromkeys(
            ("strftime", "strptime", "ctime"),
            "it goes by the process's language; write datetime.fromisoformat(text), "
            "f'{t.year}-{t.month:02}'",
        ),
        "timestamp": (
            "of an instant without a zone it goes by the machine's; write "
            "(t - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds()"
        ),
        **dict.fromkeys(
            ("timetuple", "utctimetuple", "utcfromtimestamp"),
            "it goes by the machine's zone; write t.year, t.hour, t.astimezone(timezone.utc)",
        ),
        **dict.fromkeys(
            ("format", "format_map"), "it reaches into its arguments; write an f-string: f'{x:.2f}'"
        ),
        **dict.fromkeys(
            _names(
                "apply map fillna isnull isna notnull iloc loc astype rolling groupby mean std dt "
                "str to_dict tolist where to_pandas iterrows rename merge assign clip shift diff "
                "sum rolling_mean head"
            ),
            _ROWS,
        ),
    }
)
