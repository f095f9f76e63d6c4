"""Online: a feature's value now, from a few DynamoDB items. boto3 and the standard library."""
