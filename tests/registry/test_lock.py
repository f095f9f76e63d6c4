from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skewless import FeatureService, FeatureView, agg, col, if_else
from skewless.aws import Resources
from skewless.errors import InputError
from skewless.registry.identity import meaning
from skewless.registry.lock import Lock, LockedResources, read_lock, write_lock
from tests.registry.builders import REGION, a_service, a_view, an_on_demand_view, everything

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.view import Role

RESOURCES = Resources(
    store="prod",
    bucket="skewless-123456789012",
    database="lake",
    workgroup="skewless",
    online_table="online",
    registry_table="registry",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "skewless.lock"


def service() -> FeatureService:
    (found,) = everything().services
    return found


def tamper(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def definition(document: dict[str, Any], key: str) -> dict[str, Any]:
    (found,) = [entry for entry in document["definitions"] if entry["key"] == key]
    entry: dict[str, Any] = found
    return entry


def test_a_lock_is_read_as_it_was_written(path: Path) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    lock = read_lock(path)
    assert lock == Lock(
        resources=LockedResources(store="prod", online_table="online"),
        region=REGION,
        service=service(),
        fingerprints={
            "entity#carrier#00001": meaning(everything().entities[0]),
            "source#flights#00001": meaning(everything().sources[0]),
            "view#delays#00001": meaning(everything().views[0]),
            "view#last_seen#00001": meaning(everything().views[1]),
            "view#trend#00001": meaning(everything().on_demand_views[0]),
            "service#arrival_model#00001": meaning(service()),
        },
    )


def test_the_order_of_features_survives(path: Path) -> None:
    view = a_view(
        features={name: agg.count(window="1d", where=col("delay") > 1) for name in ("z", "a", "m")}
    )
    on_demand = an_on_demand_view(
        view, features={name: if_else(view["z"] > 1, 1.0, 2.0) for name in ("y", "b")}
    )
    write_lock(path, a_service(view, on_demand), RESOURCES, REGION)
    lock = read_lock(path)
    features = [feature for _, feature in lock.service.features]
    assert features == ["z", "a", "m", "y", "b"]
    assert lock.service == a_service(view, on_demand)


def test_a_selection_is_locked_as_a_service_of_its_own(path: Path) -> None:
    view = a_view()
    write_lock(path, ((view, "flights_1h"),), RESOURCES, REGION)
    lock = read_lock(path)
    assert lock.service.name == "selection"
    assert lock.service.features == ((view, "flights_1h"),)


def test_the_same_definitions_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    write_lock(tmp_path / "again", service(), RESOURCES, REGION)
    text = path.read_text()
    assert text == (tmp_path / "again").read_text()
    assert text.endswith("}\n")
    assert text.startswith('{\n  "definitions": [\n')


def test_a_lock_can_be_locked_again(path: Path, tmp_path: Path) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    lock = read_lock(path)
    write_lock(tmp_path / "again", lock.service, lock.resources, lock.region)
    assert (tmp_path / "again").read_text() == path.read_text()


def test_a_lock_without_an_arn_names_no_account(path: Path) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    assert "123456789012" not in path.read_text()
    assert "http" not in path.read_text()


def test_an_edited_window_is_refused_by_name(path: Path) -> None:
    write_lock(path, service(), RESOURCES, REGION)

    def edit(document: dict[str, Any]) -> None:
        view = definition(document, "view#delays#00001")
        view["document"]["features"]["mean_1d"]["window"] = 7 * 86_400_000_000

    tamper(path, edit)
    with pytest.raises(InputError) as caught:
        read_lock(path)
    assert str(caught.value) == (
        f"the lock {str(path)!r}: view 'delays' version 1 does not match its fingerprint: the file "
        "was edited or merged by hand; run skewless lock again, and commit what it writes"
    )


def _set(key: str, label: str, value: object) -> Callable[[dict[str, Any]], None]:
    def edit(document: dict[str, Any]) -> None:
        definition(document, key)["document"][label] = value

    return edit


def _refingerprint(document: dict[str, Any]) -> None:
    definition(document, "view#trend#00001")["fingerprint"] = "0" * 16


def _reorder(document: dict[str, Any]) -> None:
    definition(document, "service#arrival_model#00001")["document"]["features"].reverse()


def _drop(document: dict[str, Any]) -> None:
    document["definitions"] = [
        entry for entry in document["definitions"] if entry["key"] != "view#delays#00001"
    ]


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (_set("entity#carrier#00001", "keys", [["carrier", "Int64"]]), "entity 'carrier' does"),
        (_set("source#flights#00001", "delay", 5), "source 'flights' does not match"),
        (_set("view#last_seen#00001", "features", ["distance", "delay"]), "view 'last_seen'"),
        (_set("view#last_seen#00001", "version", 2), "view 'last_seen' version 1 does not"),
        (_set("view#last_seen#00001", "features", ["nothing"]), "'last_seen' version 1 cannot be"),
        (_set("view#delays#00001", "kind", "Unknown"), "view 'delays' version 1 cannot be read"),
        (_set("view#delays#00001", "refresh", 7), "view 'delays' version 1 cannot be read"),
        (_refingerprint, "view 'trend' version 1 does not match"),
        (_reorder, "service 'arrival_model' version 1 does not match"),
        (_drop, "view 'trend' version 1 cannot be read"),
    ],
)
def test_whatever_is_edited_is_refused_by_name(
    path: Path, edit: Callable[[dict[str, Any]], None], named: str
) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    tamper(path, edit)
    with pytest.raises(InputError, match=named):
        read_lock(path)


def test_prose_may_be_edited(path: Path) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    tamper(path, _set("view#delays#00001", "description", "how late"))
    assert read_lock(path).service == service()


@pytest.mark.parametrize("label", ["format", "fingerprint_format"])
def test_another_format_is_refused(path: Path, label: str) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    tamper(path, lambda document: document.update({label: 99}))
    with pytest.raises(InputError, match=r"99; this skewless reads|99, fingerprints 1; this"):
        read_lock(path)


@pytest.mark.parametrize("label", ["definitions", "service", "region", "online_table", "store"])
def test_an_incomplete_lock_is_refused(path: Path, label: str) -> None:
    write_lock(path, service(), RESOURCES, REGION)
    tamper(path, lambda document: document.pop(label))
    with pytest.raises(InputError, match=f"lacks '{label}'"):
        read_lock(path)


@pytest.mark.parametrize("text", ["", "[]", "null", "{<<<<<<< HEAD", "{}"])
def test_what_is_no_lock_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(InputError, match=r"the lock .* (is not JSON|has format None)"):
        read_lock(path)


def test_a_missing_lock_says_how_to_write_one(path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no lock file .*; write it with skewless lock"):
        read_lock(path)


def test_reading_a_lock_needs_only_the_standard_library() -> None:
    script = (
        "import sys, skewless.registry.lock\n"
        "ours = {name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names\n"
        "print(sorted(name for name in ours if not name.startswith('_')))"
    )
    sdk = str(Path(__file__).parents[2] / "sdk")
    found = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-S", "-c", script],
        env={"PYTHONPATH": sdk},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "['skewless']"


def in_roles() -> FeatureService:
    view = a_view()
    left = view.with_name("left").with_join_key_map({"carrier": "left_carrier"})
    right = view.with_name("right").with_join_key_map({"carrier": "right_carrier"})
    both = an_on_demand_view(features={"less": left["mean_1d"] < right["mean_1d"]}, request=None)
    return a_service(left, right["flights_1h"], both)


def test_a_lock_keeps_the_roles_that_a_service_and_on_demand_views_read(path: Path) -> None:
    write_lock(path, in_roles(), RESOURCES, REGION)
    lock = read_lock(path)
    assert lock.service == in_roles()
    assert set(lock.fingerprints) & {"view#left#00001", "view#right#00001"} == set()


def test_name_and_columns_of_a_role_are_part_of_a_services_meaning() -> None:
    view = a_view()
    roles: list[FeatureView | Role] = [
        view,
        view.with_name("delays"),
        view.with_name("left"),
        view.with_name("right"),
        view.with_name("left").with_join_key_map({"carrier": "x"}),
    ]
    assert len({meaning(a_service(role)) for role in roles}) == len(roles)
    compared = [an_on_demand_view(features={"x": role["mean_1d"] * 2}) for role in roles]
    assert len({meaning(one) for one in compared}) == len(roles)


def test_an_edited_role_is_refused(path: Path) -> None:
    write_lock(path, in_roles(), RESOURCES, REGION)

    def edit(document: dict[str, Any]) -> None:
        entry = definition(document, "service#arrival_model#00001")
        entry["document"]["features"][2][3]["keys"] = [["carrier", "other"]]

    tamper(path, edit)
    with pytest.raises(InputError, match=r"'right' would be .*; run skewless lock again"):
        read_lock(path)
