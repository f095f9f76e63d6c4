"""The verdict: whether the promise was kept, judged from what the steps found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.demo.course import Course


def problems(found: Mapping[str, Any]) -> list[str]:
    """Return everything that speaks against the promise."""
    parity_, history_, days = found["parity"], found["history"], found["days"]
    taken = sum(row["rows"] for row in history_) + sum(row["events"] for row in days)
    given = sum(found["data"].values())
    refused = sum(row["refused"] for row in (*history_, *days))
    claims = {
        f"{parity_['different']} values differ": parity_["different"] > 0,
        "nothing was compared": parity_["compared"] == 0,
        f"{parity_['statuses']['stale']} answers were stale": parity_["statuses"]["stale"] > 0,
        f"{parity_['moved']} answers were as of another instant": parity_["moved"] > 0,
        f"of {given:,} events, {taken:,} are in the log": given != taken,
        f"{refused} events were refused": refused > 0,
        "Athena and DuckDB disagree": not found["training_set"]["engines"]["is_same"],
    }
    return [text for text, is_so in claims.items() if is_so]


def closing(screen: Course, found: dict[str, Any]) -> dict[str, Any]:
    """Say how it ended."""
    wrong = problems(found)
    compared, different = found["parity"]["compared"], found["parity"]["different"]
    if wrong:
        verdict = f"NOT AS PROMISED: {'; '.join(wrong)}."
    else:
        verdict = f"Trained on = served, bit for bit: {compared:,} compared, {different} different."
    screen.verdict(f"{verdict} ({_times(screen)})", is_good=not wrong)
    late = [name for name, seconds in screen.seconds.items() if seconds > _allowed(screen, name)]
    if late:
        screen.say(
            f"Slower than it may be: {'; '.join(late)}. The times are for two quiet cores; those "
            f"of this machine take {screen.pace:.1f} times as long, which is allowed for.",
            style="bold red",
        )
    screen.say("Yours to copy: examples/flights/. Next: skewless init, or docs/.", style="dim")
    return {
        "is_equal": not wrong,
        "problems": wrong,
        **found,
        "seconds": {name: round(value, 1) for name, value in screen.seconds.items()},
        "allowed": {name: round(value, 1) for name, value in screen.allowed.items()},
        "late": late,
    }


def _allowed(screen: Course, title: str) -> float:
    return screen.allowed.get(title, 0.0)


def _times(screen: Course) -> str:
    taken, allowed = sum(screen.seconds.values()), sum(screen.allowed.values())
    return f"{taken:.0f} s of {allowed:.0f} s"
