"""The least that any online store on DynamoDB does: import boto3, read the items, print them.

python ask_boto3.py <table> <keys as JSON>
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3

table, keys = sys.argv[1], json.loads(sys.argv[2])
client: Any = boto3.client("dynamodb")
answer = client.batch_get_item(RequestItems={table: {"Keys": keys}})
print(len(answer["Responses"][table]), flush=True)
