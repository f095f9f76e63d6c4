"""The words for what each step of the fraud example found. It computes nothing but sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examples.fraud import data, train
from examples.fraud import definitions as fraud
from skewless.definitions.refresh import Every

if TYPE_CHECKING:
    from examples.fraud.run import Parity, Run
    from examples.fraud.story import Missed, Outcome, Story
    from skewless.definitions.view import FeatureView
    from skewless.demo.course import Course
    from skewless.offline.training.training_set import TrainingSet
    from skewless.verify import Report


def opening(screen: Course) -> None:
    """Say what this is."""
    screen.title(
        "skewless: is this transfer fraud?",
        "A model learns from a mean of 30 days, and is served a mean of 7. What is lost?",
    )


def world(screen: Course, run: Run) -> None:
    """Say what was generated."""
    transfers = run.world.transfers
    screen.say(
        f"Generated, not real: {len(transfers):,} transfers of {len(run.world.profiles):,} users "
        f"in {data.DAYS} days, of which {int(transfers[train.LABEL].sum()):,} are fraud. All "
        f"before {run.today:%d %b %Y} is history, that day is today."
    )


def definitions(screen: Course, events: int) -> None:
    """List the views."""
    rows = [
        (view.name, _of(view), _refreshed(view), len(view.feature_types)) for view in fraud.VIEWS
    ]
    rows += [
        (view.name, "features, request", "on demand", len(view.feature_types))
        for view in (fraud.transfer, fraud.familiar)
    ]
    screen.table(("view", "of", "refreshed", ">features"), rows)
    screen.say(f"{events:,} events are in the log, as Iceberg tables.")


def training(screen: Course, run: Run, found: TrainingSet) -> None:
    """Say how large the set is."""
    screen.say(
        f"{len(found.features)} features of sender, receiver, device and market; the model takes "
        f"the {len(run.inputs)} that are numbers. It learns from {len(run.trained):,} transfers "
        f"that were judged before {train.TRAIN_UNTIL[:10]}, and is tested on {len(run.tested):,} "
        "later ones."
    )


def story(screen: Course, told: Story) -> None:
    """Show the same transfers judged three times."""
    screen.say(
        "The inference service computes its mean over 7 days, under the name of the 30-day mean. "
        f"Half of the means are {told.moved:.0%} or more away. Nothing fails."
    )
    screen.say("")
    rows = [
        _judged("30 days, served 30 days", told.right),
        _judged("*30 days, served 7 days", told.skewed),
        _judged("7 days, served 7 days", told.weekly),
    ]
    columns = ("trained on", ">log loss", ">AUC", ">checks", ">paid out", ">cost")
    screen.table(columns, rows)
    screen.say("")
    more = told.skewed.loss / told.right.loss - 1
    screen.say(
        f"The skewed model's loss is {more:.0%} higher. It lets "
        f"{told.skewed.paid_out - told.right.paid_out:,.0f} EUR more go, of {told.stolen:,.0f} "
        "that thieves ask for. Both windows are good features: the third row is a model that was "
        "trained and served with 7 days."
    )
    if told.missed is not None:
        screen.say(_missed(told.missed))
    screen.say(
        "checks: transfers stopped to ask the sender, at 5 EUR each; paid out: frauds let through; "
        "cost: both, in EUR.",
        style="dim",
    )


def _missed(found: Missed) -> str:
    (month, week), (before, after) = found.means, found.probabilities
    return (
        f"One of them, {found.transfer_id}: {found.amount:,.2f} EUR, beside {month:,.2f} in 30 "
        f"days but {week:,.2f} in 7. Probability of fraud: {before:.1%} as trained, {after:.1%} "
        "skewed."
    )


def served(screen: Course, run: Run) -> None:
    """Say what was served."""
    screen.say(
        f"{len(run.served)} transfers answered by inference.py from the lock, each at its own "
        "instant, while the day's events came in, every three hours."
    )


def verdict(screen: Course, parity: Parity, verified: Report) -> bool:
    """Say how it ended; return whether the promise was kept."""
    is_good = parity.is_equal and verified.is_equal
    screen.say(
        f"{parity.compared:,} values served by the handler, {parity.different} different from the "
        f"training set's; {parity.answers} probabilities, {parity.moved} different."
    )
    screen.say(
        f"skewless verify: {verified.compared:,} values, {len(verified.differences)} different."
    )
    word = "Trained on = served, bit for bit." if is_good else "NOT AS PROMISED."
    screen.verdict(word, is_good=is_good)
    screen.say("Yours to copy: examples/fraud/. What it shows: docs/fraud.md.", style="dim")
    return is_good


def _judged(name: str, found: Outcome) -> tuple[str, ...]:
    return (
        name,
        f"{found.loss:.4f}",
        f"{found.auc:.3f}",
        f"{found.checks}",
        f"{found.paid_out:,.0f}",
        f"{found.cost:,.0f}",
    )


def _of(view: FeatureView) -> str:
    return ", ".join(view.entity.keys) or "everybody"


def _refreshed(view: FeatureView) -> str:
    match view.refresh:
        case Every(every=every, delay=delay):
            return f"every {every}, {delay} later"
        case _:
            return "stream"
