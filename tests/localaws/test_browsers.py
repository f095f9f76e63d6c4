"""What a web page can send to this machine, sent as a browser would: nothing of it is done."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from localaws import LocalAws
from localaws.errors import UsageError
from tests.localaws.test_key import authorization, own_key

if TYPE_CHECKING:
    from collections.abc import Iterable

ALLOWED = "http://page.example:5173"


def port_of(aws: LocalAws) -> int:
    return int(urlsplit(aws.endpoint).port or 0)


def exchange(aws: LocalAws, *requests: str, count: int = 1) -> list[str]:
    """Send bytes as they stand; return the answers' heads, which end the connection at the last."""
    with socket.create_connection(("127.0.0.1", port_of(aws)), timeout=30) as connection:
        connection.sendall("".join(requests).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    return [f"HTTP/1.1 {one}" for one in answer.decode().split("HTTP/1.1 ")[1:]]


def request(line: str, headers: Iterable[tuple[str, str]], body: str = "") -> str:
    named = [*headers, ("Content-Length", str(len(body.encode())))]
    return "\r\n".join([f"{line} HTTP/1.1", *(f"{n}: {v}" for n, v in named), "", body])


def keyed(aws: LocalAws, **headers: str) -> list[tuple[str, str]]:
    """The headers of a request that has the key: what is refused then is refused for the page."""
    given = {"Host": f"127.0.0.1:{port_of(aws)}", **authorization(own_key(aws), "s3")}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return list(given.items())


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "bucket.localhost"])
def test_the_loopback_s_names_are_answered(aws: LocalAws, name: str) -> None:
    (answer,) = exchange(
        aws, request("GET /", keyed(aws, Host=f"{name}:{port_of(aws)}", Connection="close"))
    )
    assert answer.startswith(("HTTP/1.1 200", "HTTP/1.1 404"))


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:1",
        "127.0.0.1:{port}.evil.example",
        "127.0.0.1:{port}, evil.example",
        "evil-localhost:{port}",
        "localhost.evil.example:{port}",
        "0.0.0.0:{port}",
        "127.1:{port}",
        "user@127.0.0.1:{port}",
        "[::1]:{port}",
        "",
    ],
)
def test_another_name_is_a_rebound_one_and_refused(aws: LocalAws, host: str) -> None:
    named = keyed(aws, Host=host.format(port=port_of(aws)))
    (answer,) = exchange(aws, request("GET /", named))
    assert answer.startswith(("HTTP/1.1 403", "HTTP/1.1 400"))
    assert "<ListAllMyBucketsResult" not in answer


def test_a_request_for_another_server_is_refused(aws: LocalAws) -> None:
    (answer,) = exchange(aws, request("GET http://evil.example/", keyed(aws)))
    assert answer.startswith("HTTP/1.1 4")


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "https://127.0.0.1", "http://127.0.0.1:{port}", "", "file://"],
)
def test_a_page_of_any_origin_is_refused_even_with_the_key(aws: LocalAws, origin: str) -> None:
    named = keyed(aws, Origin=origin.format(port=port_of(aws)))
    for line in ("GET /", "PUT /made-by-a-page", "POST /moto-api/reset", "OPTIONS /"):
        (answer,) = exchange(aws, request(line, named))
        assert answer.startswith("HTTP/1.1 403")
        assert "access-control" not in answer.lower()
    buckets = aws.client("s3").list_buckets()["Buckets"]
    assert "made-by-a-page" not in [bucket["Name"] for bucket in buckets]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "same-origin", "websocket"])
def test_what_a_page_embeds_is_refused(aws: LocalAws, site: str, mode: str) -> None:
    named = keyed(aws, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)
    (answer,) = exchange(aws, request("GET /", named))
    assert answer.startswith("HTTP/1.1 403")


def test_an_address_that_the_user_opens_is_answered(aws: LocalAws) -> None:
    for site in ("none", "cross-site"):
        named = keyed(aws, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate", Connection="close")
        (answer,) = exchange(aws, request("GET /", named))
        assert answer.startswith("HTTP/1.1 200")


def test_a_simple_post_of_text_does_nothing(aws: LocalAws) -> None:
    """No browser asks before it sends this: a form, or fetch with mode no-cors."""
    aws.client("s3").create_bucket(Bucket="still-here")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        plain = [
            ("Host", f"127.0.0.1:{port_of(aws)}"),
            ("Origin", "https://evil.example"),
            ("Content-Type", kind),
        ]
        for path in ("/moto-api/reset", "/", "/2015-03-31/functions"):
            (answer,) = exchange(aws, request(f"POST {path}", plain, "Action=ListQueues"))
            assert answer.startswith("HTTP/1.1 403")
    assert "still-here" in [one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]]


def test_a_refused_body_is_not_the_next_request(aws: LocalAws) -> None:
    hidden = request("GET /", keyed(aws))
    named = [("Host", f"127.0.0.1:{port_of(aws)}"), ("Origin", "https://evil.example")]
    answers = exchange(aws, request("POST /", named, hidden))
    assert [answer[:12] for answer in answers] == ["HTTP/1.1 403"]
    chunked = [*named, ("Transfer-Encoding", "chunked")]
    head = "\r\n".join(["POST / HTTP/1.1", *(f"{n}: {v}" for n, v in chunked), "", ""])
    answers = exchange(aws, head, f"{len(hidden):x}\r\n{hidden}\r\n0\r\n\r\n")
    assert [answer[:12] for answer in answers] == ["HTTP/1.1 403"]


def test_no_answer_says_that_pages_may_read_it(aws: LocalAws) -> None:
    (answer,) = exchange(aws, request("GET /", keyed(aws, Connection="close")))
    assert answer.startswith("HTTP/1.1 200")
    assert "access-control" not in answer.lower()


def test_pages_of_an_allowed_origin_are_asked_for_the_key(aws: LocalAws) -> None:
    LocalAws.start(origins=[ALLOWED])
    host = ("Host", f"127.0.0.1:{port_of(aws)}")
    (answer,) = exchange(aws, request("GET /", [host, ("Origin", ALLOWED)]))
    assert answer.startswith("HTTP/1.1 403")
    named = keyed(aws, Origin=ALLOWED, Connection="close")
    (answer,) = exchange(aws, request("GET /", named))
    assert answer.startswith("HTTP/1.1 200")
    assert answer.lower().count("access-control-allow-origin") == 1
    assert f"Access-Control-Allow-Origin: {ALLOWED}" in answer
    near = keyed(aws, Origin=f"{ALLOWED}0")
    assert exchange(aws, request("GET /", near))[0].startswith("HTTP/1.1 403")


def test_a_browser_that_asks_first_is_answered_for_an_allowed_origin(aws: LocalAws) -> None:
    LocalAws.start(origins=[ALLOWED])
    asked = [
        ("Host", f"127.0.0.1:{port_of(aws)}"),
        ("Origin", ALLOWED),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "authorization,x-amz-date"),
        ("Connection", "close"),
    ]
    (answer,) = exchange(aws, request("OPTIONS /b/k", asked))
    assert answer.startswith("HTTP/1.1 200")
    assert "Access-Control-Allow-Methods: PUT" in answer
    assert "Access-Control-Allow-Headers: authorization,x-amz-date" in answer


@pytest.mark.parametrize(
    "origin", ["*", "null", "page.example", "http://", "http://a.example/b", "http://*.example", ""]
)
def test_what_is_no_origin_is_refused(aws: LocalAws, origin: str) -> None:
    with pytest.raises(UsageError, match="is no origin"):
        LocalAws.start(origins=[origin])
