"""A lock beside what is published: what differs, what is newer, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from skewless import FeatureService, FeatureView, agg
from skewless.definitions.collection import Definitions
from skewless.errors import InputError
from skewless.registry.identity import Identity
from skewless.registry.lock import LockedResources, digest_of, read_lock, write_lock
from skewless.registry.lock_review import LockCheck, check, lock_differences, named
from skewless.registry.marks import Mark, State
from skewless.registry.pinned import check_overwrite, check_own
from skewless.registry.published import Published
from skewless.registry.repinned import newest, pins
from tests.registry.builders import REGION, a_service, a_source, a_view, an_on_demand_view

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skewless.registry.lock import Lock

ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/online"
OWN = LockedResources(store="prod", online_table="online", online_table_arn=ARN)
VIEW = a_view()
ADDED = a_view(version="1.1", features={"sum_1d": agg.sum("delay", window="1d")})
SECOND = a_view(version=2, features={"mean_2d": agg.mean("delay", window="2d")})
TREND = an_on_demand_view(VIEW)
MODEL = a_service(VIEW, TREND)
MINOR = a_service(VIEW, TREND, ADDED, version="1.1")
MAJOR = a_service(SECOND, version=2)
ALL = Published(Definitions.collect([MODEL, MINOR, MAJOR]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "skewless.lock"


@pytest.fixture
def locked(path: Path) -> Callable[[Any], Lock]:
    def lock(chosen: Any) -> Lock:
        write_lock(path, chosen, OWN, REGION)
        return read_lock(path)

    return lock


def checked(path: Path, published: Published, features: object = None) -> LockCheck:
    return check(str(path), read_lock(path), features, published, OWN, REGION)


def pairs(view: FeatureView, *names: str) -> tuple[tuple[FeatureView, str], ...]:
    return tuple((view, name) for name in names or view.feature_types)


def marked(state: State, *items: Any) -> Published:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    mark = Mark(state=state, reason="wrong", successor="delays@2", by="arn", at=at)
    return replace(ALL, marks={Identity.of(item): mark for item in items})


@pytest.mark.parametrize("pinned", [MODEL, MINOR, MAJOR, pairs(VIEW), pairs(VIEW, "mean_1d")])
def test_a_lock_is_current_while_nothing_newer_is_asked_for(path: Path, pinned: Any) -> None:
    write_lock(path, pinned, OWN, REGION)
    found = checked(path, ALL)
    assert (found.is_current, found.differences, str(found)) == (True, (), "")


def test_a_newer_version_is_told_feature_by_feature(
    path: Path, locked: Callable[[Any], Lock]
) -> None:
    locked(MODEL)
    assert str(checked(path, ALL, "arrival_model@1")) == (
        "view 'delays' version 1.1 is read as well\n"
        "    feature 'sum_1d': Float64\n"
        "service 'arrival_model' version 1 becomes version 1.1\n"
        "    feature 'delays@1.1:sum_1d' was added"
    )
    text = str(checked(path, ALL, "arrival_model"))
    assert "view 'delays' version 1 becomes version 2\n" in text
    assert "    feature 'mean_2d' was added: agg.mean('delay', window='2d')\n" in text
    assert "view 'trend' version 1 is read no more" in text


def test_a_source_that_was_corrected_since_is_a_difference(
    path: Path, locked: Callable[[Any], Lock]
) -> None:
    locked(MODEL)
    source = a_source(delay="5m")
    view = a_view(source=source)
    now = Published(Definitions.collect(a_service(view, an_on_demand_view(view))))
    assert str(checked(path, now)) == "source 'flights'\n    delay: '0s' became '5m'"


def test_words_are_told_and_are_no_difference(path: Path, locked: Callable[[Any], Lock]) -> None:
    locked(MODEL)
    view = a_view(description="how late")
    now = Published(Definitions.collect(a_service(view, an_on_demand_view(view))))
    found = checked(path, now)
    assert found.is_current
    assert [str(each) for each in found.words] == [
        "view 'delays' version 1\n    description: '' became 'how late'"
    ]


def test_what_is_not_published_any_more_is_named(path: Path, locked: Callable[[Any], Lock]) -> None:
    locked(MINOR)
    found = checked(path, Published(Definitions.collect(MODEL)))
    assert [each.what for each in found.differences] == [
        "service 'arrival_model' version 1.1",
        "view 'delays' version 1.1",
    ]
    locked(pairs(ADDED))
    assert not checked(path, Published(Definitions.collect(MODEL))).is_current


@pytest.mark.parametrize("state", [*State])
def test_a_mark_is_a_warning_or_a_refusal(
    path: Path, locked: Callable[[Any], Lock], state: State
) -> None:
    locked(MODEL)
    published = marked(state, VIEW)
    found = checked(path, published)
    told = f"view 'delays' version 1 {published.marks[Identity.of(VIEW)]}"
    assert f"is {state.value}" in told
    is_warning = state is State.DEPRECATED
    assert found.is_current == is_warning
    assert (found.warnings, found.refused) == (((told,), ()) if is_warning else ((), (told,)))
    assert (str(found) == told) != is_warning


def test_a_lock_of_an_older_release_is_told_of_its_digest_and_its_arn(path: Path) -> None:
    older = LockedResources(store="prod", online_table="online")
    write_lock(path, MODEL, older, REGION)
    document = json.loads(path.read_text())
    del document["digest"]
    path.write_text(json.dumps(document))
    told = [each.what for each in checked(path, ALL).differences]
    assert told == ["its online_table_arn", "it has no digest, as locks of older releases"]


def test_members_of_other_releases_are_let_stand(path: Path, locked: Callable[[Any], Lock]) -> None:
    locked(MODEL)
    document = {**json.loads(path.read_text()), "model": "arrivals"}
    path.write_text(json.dumps({**document, "digest": digest_of(document)}))
    assert checked(path, ALL).is_current


def test_a_service_is_upgraded_within_its_major_or_beyond(locked: Callable[[Any], Lock]) -> None:
    for pinned in (MODEL, MINOR):
        assert newest(ALL, locked(pinned), major=False) == MINOR
        assert newest(ALL, locked(pinned), major=True) == MAJOR
    assert newest(ALL, locked(MAJOR), major=False) == MAJOR


def test_an_upgrade_passes_over_what_is_yanked_and_never_goes_back(
    locked: Callable[[Any], Lock],
) -> None:
    yanked = marked(State.YANKED, MAJOR, MINOR)
    assert newest(yanked, locked(MODEL), major=True) == MODEL
    assert newest(yanked, locked(MINOR), major=False) == MINOR


def test_loose_features_move_with_their_views(locked: Callable[[Any], Lock]) -> None:
    whole, some = locked(pairs(VIEW)), locked(pairs(VIEW, "mean_1d"))
    assert newest(ALL, whole, major=False) == (*pairs(VIEW), *pairs(ADDED))
    assert newest(ALL, some, major=False) == pairs(VIEW, "mean_1d")
    assert newest(ALL, whole, major=True) == pairs(SECOND)
    with pytest.raises(InputError, match=r"delays@2 has no feature 'mean_1d', which the lock pins"):
        newest(ALL, some, major=True)
    assert named(newest(ALL, whole, major=False)) == "delays@1, delays@1.1"


def test_a_role_is_kept(locked: Callable[[Any], Lock]) -> None:
    role = VIEW.with_name("left").with_join_key_map({"carrier": "left_carrier"})
    ((found, feature), *_) = newest(ALL, locked(((role, "mean_1d"),)), major=False)  # type: ignore[misc]
    assert (found, feature) == (role, "mean_1d")


@pytest.mark.parametrize("pinned", [a_service(VIEW, name="other"), pairs(a_view(name="other"))])
def test_an_upgrade_of_what_is_gone_says_what_there_is(
    locked: Callable[[Any], Lock], pinned: Any
) -> None:
    with pytest.raises(InputError, match=r"'other' version 1, which the lock pins, is not publi"):
        newest(ALL, locked(pinned), major=False)


def test_nothing_differs_of_a_lock_that_was_just_written(
    path: Path, locked: Callable[[Any], Lock]
) -> None:
    for chosen in (MODEL, newest(ALL, locked(pairs(VIEW)), major=False)):
        lock = locked(chosen)
        assert lock_differences(str(path), lock, chosen, OWN, REGION) == ()


def outdated(lock: Lock, published: Published) -> list[tuple[Any, ...]]:
    return [
        (pin.name, str(pin.locked), str(pin.minor), str(pin.newest), pin.state, pin.why)
        for pin in pins("a.lock", lock, published)
        if pin.is_outdated
    ]


def test_what_is_outdated_is_told_by_major(locked: Callable[[Any], Lock]) -> None:
    assert outdated(locked(MODEL), ALL) == [
        ("arrival_model", "1", "1.1", "2", "", ""),
        ("delays", "1", "1.1", "2", "", ""),
    ]
    assert outdated(locked(MAJOR), ALL) == []
    assert outdated(locked(pairs(SECOND)), marked(State.DEPRECATED, SECOND)) == [
        ("delays", "2", "2", "2", "deprecated", "wrong; use delays@2")
    ]
    assert outdated(locked(MAJOR), Published(Definitions.collect(MODEL)))[0][4] == "gone"


@pytest.mark.parametrize(
    ("own", "region", "told"),
    [
        (replace(OWN, store="dev"), REGION, "store 'prod' in eu-west-1, and this is store 'dev'"),
        (OWN, "us-east-1", "in eu-west-1, and this is store 'prod' in us-east-1"),
        (replace(OWN, online_table_arn=ARN.replace("123", "999")), REGION, "table 'arn:aws:dyn"),
    ],
)
def test_the_lock_of_another_store_region_or_account_is_refused(
    locked: Callable[[Any], Lock], own: LockedResources, region: str, told: str
) -> None:
    lock = locked(MODEL)
    check_own("a.lock", lock, OWN, REGION)
    with pytest.raises(InputError, match=told):
        check_own("a.lock", lock, own, region)


@pytest.mark.parametrize(
    ("chosen", "own", "region", "told"),
    [
        (pairs(VIEW), OWN, REGION, "the lock of service 'arrival_model' of .* not of view 'del"),
        (MAJOR, replace(OWN, store="dev"), REGION, "of store 'prod' in .* of store 'dev' in"),
        (MAJOR, OWN, "us-east-1", "of store 'prod' in eu-west-1, not of .* 'prod' in us-east-1"),
        (MAJOR, replace(OWN, online_table_arn=ARN.replace("123", "999")), REGION, "table 'arn:"),
    ],
)
def test_the_lock_of_another_service_or_place_is_not_overwritten(
    path: Path,
    locked: Callable[[Any], Lock],
    chosen: Any,
    own: LockedResources,
    region: str,
    told: str,
) -> None:
    locked(MODEL)
    check_overwrite(path, MAJOR, OWN, REGION)
    check_overwrite(path, MAJOR, replace(OWN, online_table_arn=""), REGION)
    with pytest.raises(InputError, match=told):
        check_overwrite(path, chosen, own, region)


@pytest.mark.parametrize(
    "text", [b"", b"[" * 100_000, b"{}", b"\xff", b'{"service": 1, "store": "prod"}', b"null"]
)
def test_what_is_no_lock_is_not_overwritten(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    with pytest.raises(InputError, match="no lock that can be read"):
        check_overwrite(path, MODEL, OWN, REGION)


def test_one_feature_more_is_a_small_change_of_the_file(path: Path) -> None:
    aggregates = {f"f{number}": agg.sum("delay", window="1d") for number in range(50)}
    texts = []
    for features in (aggregates, {**aggregates, "new": agg.max("distance", window="7d")}):
        write_lock(path, FeatureService("m", features=[a_view(features=features)]), OWN, REGION)
        texts.append(path.read_text().splitlines())
    gone = [line for line in texts[0] if line not in texts[1]]
    added = len(texts[1]) - len(texts[0])
    assert len(gone) == 3  # the digest, and the fingerprints of the view and the service
    assert added < 20
