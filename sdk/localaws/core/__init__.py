"""The core of every local AWS: the way in, and the services that hold data.

The way in, in the order that a request meets it: `browsers` keeps web pages out, `entrance` is
where a test may stand, `gate` asks for a key, `on_demand` loads what the service needs, and moto
answers. `in_process` brings the requests of this process to the entrance without a socket.

The services: `dynamodb`, `s3`, `glue`, `optimizers`, `athena`, `kms`. Nothing here imports
`localaws.deploy`, so tests that only read and write data do not wait for it.
"""
