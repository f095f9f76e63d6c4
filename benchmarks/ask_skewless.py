"""A cold start's first answer: open the lock, read one feature vector, print it.

python ask_skewless.py <lock> <row as JSON> <now>
"""

from __future__ import annotations

import json
import sys

from skewless import FeatureStore

store = FeatureStore.from_lock(sys.argv[1])
answer = store.get_online_features(entity_rows=[json.loads(sys.argv[2])], now=sys.argv[3])
print(json.dumps(answer.rows[0]), flush=True)
