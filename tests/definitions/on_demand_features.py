"""100 on-demand features of public repositories, each rewritten to what it computes.

They are of projects that use Feast, Tecton, Hopsworks, Chalk, Databricks and FeatureByte, as search
found them; where one function makes several features, each stands by itself. Names and code are
ours: a column of a pandas frame became a value, `numpy.sin(x)` became `math.sin(x)`, a missing
value is left as the author left it. What a function imports or reaches besides stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from skewless import types


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature.

    Attributes:
        origin: feast (pandas), feast-python, tecton, hopsworks, chalk, databricks or featurebyte.
        what: what it says.
        given: its arguments, with the first letter of their types.
        gives: its type.
        body: an expression, or a body that returns a dict.
        found: "taken", or what the refusal says.
    """

    origin: str
    what: str
    given: str
    gives: types.ValueType | None
    body: str
    found: str = "taken"


F, I, B, S, T = types.Float64, types.Int64, types.Bool, types.String, types.Timestamp  # noqa: E741
KINDS = {"f": F, "i": I, "b": B, "s": S, "t": T, "x": types.Array(F), "w": types.Array(S)}
DISTANCE = """from math import atan2, cos, radians, sin, sqrt
p, q = radians(a), radians(c)
h = sin((q - p) / 2) ** 2 + cos(p) * cos(q) * sin(radians(d - b) / 2) ** 2
return {'f': 6373.0 * 2 * atan2(sqrt(h), sqrt(1 - h))}"""
ROWS = "the function gets one row's plain values"
OUTSIDE = "it reaches outside of the function"
ONLY = "only these can be imported"
VALUE = "is no argument, and nothing that is named in the function"
NO_TYPE = "is not a type"
FEATURES = [
    Feature("tecton", "an amount of at least 10,000", "a:f", B, "a >= 10000"),
    Feature("tecton", "an amount above 100", "a:f", B, "a > 100"),
    Feature("tecton", "above the mean, none counting as 0", "a:f m:f", B,
            "a > (0 if m is None else m)"),
    Feature("tecton", "two coordinates as a struct", "a:f b:f", None,
            "{'lat': a, 'lon': b}", NO_TYPE),
    Feature("tecton", "an H3 cell", "a:f b:f i:i", S, "import h3\nh3.geo_to_h3(a, b, i)", ONLY),
    Feature("tecton", "combinations", "n:i k:i", F,
            "from scipy.special import comb\ncomb(n, k)", ROWS),
    Feature("tecton", "fuzzy likeness to a text", "s:s", I,
            "from fuzzywuzzy import fuzz\nfuzz.ratio('Bridge', s)", ONLY),
    Feature("tecton", "cosine of two embeddings", "x:x y:x", F,
            "import numpy as np\n-1.0 if x is None else np.dot(x, y)", ROWS),
    Feature("tecton", "km from home, by a package", "a:f b:f c:f d:f", F,
            "from haversine import haversine\nhaversine((a, b), (c, d))", ONLY),
    Feature("tecton", "km from the last payment, by formula", "a:f b:f c:f d:f", F, DISTANCE),
    Feature("tecton", "km of a delivery, -1 where a place is missing", "a:f b:f c:f d:f", F,
            "import math\ntry:\n    if None in (a, b, c, d):\n        return {'f': -1.0}\n"
            "    p, q = math.radians(float(a)), math.radians(float(c))\n"
            "    return {'f': 6371 * math.acos(math.sin(p) * math.sin(q))}\n"
            "except ValueError:\n    return {'f': -1.0}"),
    Feature("tecton", "age in days of two texts", "s:s r:s", I,
            "from datetime import datetime\n"
            "(datetime.fromisoformat(s).replace(tzinfo=None) - datetime.fromisoformat(r)).days"),
    Feature("tecton", "minutes since a game, by pandas", "s:s r:s", I,
            "import pandas\n(pandas.to_datetime(s) - pandas.to_datetime(r)).minutes", ROWS),
    Feature("tecton", "daily return", "a:f b:f", F, "float(a - b) / b"),
    Feature("tecton", "a gender as two bits", "s:s", types.Array(I),
            "[1, 0] if s == 'M' else [0, 1]"),
    Feature("tecton", "Jaccard likeness of words, in an inner function", "s:s r:s", F,
            "def both(p, q):\n    return len(set(p) & set(q))\n"
            "n = both(s.split(' '), r.split(' '))\n"
            "return {'f': n / len(s)}", "a function in a function cannot be in it"),
    Feature("tecton", "a product among the last ten", "s:s w:w", B, "s in w"),
    Feature("tecton", "mean rating of the category, of JSON texts", "w:w s:s", F,
            "import json\nfound = []\nfor text in w:\n    row = json.loads(text)\n"
            "    if s and 'category' in row and row['category'] == s:\n"
            "        found.append(row['rating'])\n"
            "return {'f': sum(found) / len(found) if found else None}"),
    Feature("tecton", "restaurants and ratings as structs", "w:w x:x", None,
            "[{'name': p, 'stars': q} for p, q in zip(w, x)]", NO_TYPE),
    Feature("tecton", "a list of tools kept by a closure", "s:s", S,
            "import json\n'{}' if s != 'tools' else json.dumps(TOOLS)", VALUE),
    Feature("tecton", "a row joined from a frame", "s:s", S,
            "import pandas as pd\npd.merge(s, s).head(1)", ROWS),
    Feature("feast", "the latest likes, from a database", "i:i", types.Array(I),
            "from app.db import session\nsession().likes(i)", ONLY),
    Feature("feast", "a grade by hours of study", "a:f b:f", F, "a / b"),
    Feature("feast", "attendance", "i:i", F, "100 - i"),
    Feature("feast", "a weighted score", "a:f b:f", F, "a * 0.7 + b * 0.3"),
    Feature("feast", "amount by mean, 1 where there is none", "a:f m:f n:i", F,
            "d = m / max(n, 1)\nreturn {'f': a / d if d else 1.0}"),
    Feature("feast", "an hour at night", "i:i", B, "0 <= i <= 5"),
    Feature("feast", "a rate plus a number of the request", "a:f i:i", F, "a + i"),
    Feature("feast", "expected bill of a driver", "a:f b:f i:i v:f", F, "i * 500 * (a * b) + v"),
    Feature("feast", "more at peak hours", "a:f i:i", F, "a * (1.3 if i == 1 else 1.0)"),
    Feature("feast", "mean of seven rows, by polars", "a:f", F,
            "import polars as pl\npl.col('a').rolling_mean(7)", ROWS),
    Feature("feast", "mean fare", "a:f n:i", F, "a / n"),
    Feature("feast", "mean speed", "a:f b:f", F, "3600 * a / b"),
    Feature("feast", "amount by mean plus one", "a:f b:f", F, "a / (b + 1.0)"),
    Feature("feast", "risk of two rates", "a:f b:f", F, "a * 0.6 + b * 0.4"),
    Feature("feast", "distance by trips", "a:f i:i", F, "a / (i + 1e-5)"),
    Feature("feast", "points for failures, tickets and use", "i:i a:f b:f", F,
            "float(i > 2) * 0.3 + float(a > 3) * 0.3 + float(b < 0.5) * 0.4"),
    Feature("feast", "purchases by months", "n:i i:i", F, "n / i"),
    Feature("feast", "a high mean purchase", "a:f", I, "int(a > 100)"),
    Feature("feast", "mood of a text, by a language model", "s:s", S,
            "from transformers import pipeline\npipeline('mood')(s)", ONLY),
    Feature("feast", "a rate by a constant of the module", "a:f", F, "a * SCALE", VALUE),
    Feature("feast", "delay by the weather", "a:f i:i", F, "a * (i / 100)"),
    Feature("feast", "recency, by the clock", "a:f", F,
            "from datetime import datetime\n1.0 - (datetime.now().year - a) / 7776000",
            "it reads the clock"),
    Feature("feast", "a score of 0 to 5", "a:f", F, "min(max(a, 0), 1) * 5"),
    Feature("feast", "lifetime value, 0 where something is missing", "a:f i:i b:f", F,
            "0 if a is None or i is None or b is None else a * 12 * (i / 365) * (1 + b)"),
    Feature("feast", "engagement of 0 to 100", "i:i j:i k:i n:i", F,
            "min(max(i * 2 + j + k * 3 + n * 5, 0), 100)"),
    Feature("feast", "risk of leaving", "i:i j:i", F, "i / 90 * 0.4 + (30 - j) / 30 * 0.3"),
    Feature("feast", "amount by the column's mean", "a:f b:f", F, "a / b.mean()", ROWS),
    Feature("feast", "all debts", "i:i j:i k:i m:i n:i", F, "float(i + j + k + m + n)"),
    Feature("feast", "the zone of a place", "a:f b:f", I,
            "if a is None or b is None:\n    return {'f': -1}\nif a > 37.979 and b < 23.786:\n"
            "    return {'f': 1}\nelif a > 37.979 and b >= 23.786:\n    return {'f': 2}\n"
            "elif a <= 37.979 and b >= 23.786:\n    return {'f': 3}\nelse:\n    return {'f': 4}"),
    Feature("feast", "a late hour", "i:i", I, "int((i >= 22) | (i <= 6))"),
    Feature("feast", "risk of a place, by a table", "i:i", F, "{0: 1.0, 1: 2.5, 2: 5.0}.get(i)"),
    Feature("feast", "not at the weekend, a constant", "i:i", I, "0"),
    Feature("feast", "compliance and violations", "a:f i:i", F, "(100 - a) * 0.5 + i * 10"),
    Feature("feast", "spent by days", "a:f i:i", F, "a / (i + 1)"),
    Feature("feast", "how often, in words", "i:i", S,
            "if i < 7:\n    y = 'weekly'\nelif i < 30:\n    y = 'monthly'\nelse:\n"
            "    y = 'seldom'\nreturn {'f': y}"),
    Feature("feast", "a tier by what was spent", "a:f", S,
            "'platinum' if a > 10000 else 'gold' if a > 5000 else 'silver' if a > 1000 else 'tin'"),
    Feature("feast", "cart by mean, 0 where there is none", "a:f b:f", F,
            "a / b if b > 0 else 0.0"),
    Feature("feast", "price gap", "a:f b:f", F, "a - b"),
    Feature("feast", "a peak hour", "i:i", I, "1 if 18 <= i <= 21 else 0"),
    Feature("feast", "ratio, 0 where it is missing", "a:f b:f", F,
            "0 if a is None or b is None else a / b"),
    Feature("feast", "a topic, asked of a service", "s:s", S,
            "import requests\nrequests.post('https://api', json={'text': s}).json()", OUTSIDE),
    Feature("feast", "a topic, asked of many at once", "s:s", S,
            "import asyncio\nasyncio.run(s)", OUTSIDE),
    Feature("feast-python", "day of the week, Sunday 1", "t:t", I, "t.isoweekday() % 7 + 1"),
    Feature("feast-python", "hour of the day in UTC", "t:t", I,
            "from datetime import timezone\nt.astimezone(timezone.utc).hour"),
    Feature("feast-python", "whether the item is known", "a:f", B, "a is not None"),
    Feature("feast-python", "the item's rate, else the category's", "a:f b:f", F,
            "a if a is not None else b"),
    Feature("feast-python", "trips by hours", "n:i a:f", F, "n / max(a, 1)"),
    Feature("feast-python", "two rates added", "a:f b:f", F, "a + b"),
    Feature("feast-python", "a product of three", "a:f b:f i:i", F,
            "float(a) * float(b) * float(i)"),
    Feature("feast-python", "orders and age added", "a:f i:i", F, "sum([a, i])"),
    Feature("feast-python", "the model's version, a constant", "a:f", S, "'1.0.0'"),
    Feature("feast-python", "a fare's bin among all, by pandas", "a:f", I,
            "import pandas as pd\npd.qcut(a, 4).codes", ROWS),
    Feature("feast-python", "a prompt of topics", "w:w s:s", S,
            "f\"User prefers {', '.join(w)}. Respond in {s} tone.\""),
    Feature("feast-python", "pieces of a PDF", "s:s", S,
            "from docling import convert\nconvert(s)", ONLY),
    Feature("hopsworks", "a row of Postgres, by a connection", "i:i", F,
            "with context['connection'].cursor() as cur:\n    cur.execute('...')\n"
            "return {'f': cur.fetchone()}", "nothing can be opened in it"),
    Feature("hopsworks", "one more", "a:f", F, "a + 1"),
    Feature("hopsworks", "three added", "a:f b:f c:f", F, "a + b + c"),
    Feature("hopsworks", "sine of the month", "i:i", F,
            "import math\nmath.sin(i * (2 * math.pi / 12))"),
    Feature("hopsworks", "logarithm of views, 0 where there are none", "a:f", F,
            "import math\nmath.log1p(max(a, 0)) if a is not None else 0.0"),
    Feature("hopsworks", "scaled by the training set's statistics", "a:f", F,
            "(a - stats.mean) / stats.stddev", VALUE),
    Feature("hopsworks", "distance in degrees, rounded", "a:f b:f c:f d:f", F,
            "round(((a - b) ** 2 + (c - d) ** 2) ** 0.5, 6)"),
    Feature("hopsworks", "logarithm of a positive amount", "a:f", F,
            "import math\nmath.log1p(a) if a > 0 else 0.0"),
    Feature("hopsworks", "a price after a discount of the request", "a:f b:f", F, "a * (1 - b)"),
    Feature("chalk", "domain of an address", "s:s", S, "s.split('@')[1].lower()"),
    Feature("chalk", "addresses of a domain", "s:s w:w", types.Array(S),
            "[e for e in w if e.split('@')[-1].lower() == s.lower()]"),
    Feature("chalk", "whether categories overlap", "w:w v:w", B, "len(set(w) & set(v)) > 0"),
    Feature("chalk", "a cheat, by rules", "a:f b:f c:f d:f e:f", I,
            "score = 0.0\nif a > 0.6:\n    score += 0.2\nif b > 0.75:\n    score += 0.15\n"
            "if c > 0.4 or c == 0:\n    score += 0.25\nif d < 2 or d > 80 or e > 40:\n"
            "    score += 0.35\nreturn {'f': 1 if score >= 0.6 else 0}"),
    Feature("chalk", "a score of another company", "s:s", F,
            "import requests\nrequests.get('https://api', json={'id': s}).json()", OUTSIDE),
    Feature("chalk", "a category, by a language model", "s:s", S, "MODEL.generate(s)", VALUE),
    Feature("chalk", "what is overdue, over rows of another table", "a:f", F, "a.sum()", ROWS),
    Feature("chalk", "chance of leaving, by a model of scikit-learn", "i:i j:i", F,
            "import numpy as np\nMODEL.predict(np.array([i, j]))", ROWS),
    Feature("databricks", "logarithm of an amount, none as 0", "a:f", F,
            "import math\nfloat(math.log1p(a or 0.0))"),
    Feature("databricks", "at night, none as 0", "t:t", I,
            "if t is None:\n    return {'f': 0}\nh = t.hour\n"
            "return {'f': 1 if (h >= 23 or h < 6) else 0}"),
    Feature("databricks", "an amount above 500, none as 0", "a:f", I,
            "1 if (a or 0.0) > 500.0 else 0"),
    Feature("databricks", "a category as a number", "s:s", I,
            "{'food': 0, 'travel': 1}.get(s, -1)"),
    Feature("databricks", "a JSON payload, cleaned", "s:s", F,
            "import json\ntry:\n    row = json.loads(s or '{}')\nexcept ValueError:\n    row = {}\n"
            "try:\n    return {'f': float(row.get('age'))}\nexcept (TypeError, ValueError):\n"
            "    return {'f': None}"),
    Feature("databricks", "a segment, by a registered model", "s:s", S,
            "import mlflow\nmlflow.load_model('segments').predict(s)", ONLY),
    Feature("featurebyte", "days since, plus a number, by pandas", "s:s r:s a:f", F,
            "import pandas as pd\n(pd.to_datetime(s) - pd.to_datetime(r)).days + a", ROWS),
    Feature("featurebyte", "days since an instant, plus a number", "t:t u:t a:f", F,
            "(t - u).days + a"),
]  # fmt: skip
