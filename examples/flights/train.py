"""Train the arrival model on features as they would have been served.

A SageMaker script-mode entry point: hyperparameters are arguments, labels arrive as a channel of
Parquet files, the model is left in SM_MODEL_DIR and its papers in SM_OUTPUT_DATA_DIR. It needs
SageMaker for none of that:

    python train.py --store prod --labels departures.parquet

It names a published service and asks the store for its values. What the features mean, where the
events lie and which engine computes them is the store's business.

The lesson at the end of the file trains two more models, to show what features are worth, and what
a leak is.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib  # type: ignore[import-untyped]
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from skewless import FeatureStore

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVICE = "arrival_model"
LABEL = "late"
TRAIN_UNTIL = "2013-10-01T00:00:00Z"  # the last quarter of the year is the test
# What the timetable says of a flight, and so what a model can have without a feature store.
STATIC_COLUMNS = ["carrier", "origin", "dest", "distance", "scheduled_hour", "weekday"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch the training set, fit, print the quality, and write model, manifest and features."""
    options = parse(arguments)
    store = FeatureStore.connect(options.store)
    labels = pd.read_parquet(options.labels)
    training = store.get_historical_features(labels, features=options.service)
    frame = training.to_pandas()
    features = feature_columns(frame, labels)
    train, test = split(frame, pd.Timestamp(options.train_until))
    model = fit(train, features)
    auc = quality(model, test)
    print(f"rows: {len(train):,} to train, {len(test):,} to test; {len(features)} columns")
    print(f"auc={auc:.4f}")  # SageMaker reads metrics off the log, by a pattern such as auc=(.*)
    write(model, features, training.manifest, options)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the hyperparameters, with SageMaker's environment as the defaults of paths."""
    environment = os.environ
    parser = argparse.ArgumentParser(description="Train the arrival model.")
    parser.add_argument("--store", default=environment.get("SKEWLESS_STORE", "prod"))
    parser.add_argument("--service", default=SERVICE)
    parser.add_argument("--train-until", default=TRAIN_UNTIL)
    parser.add_argument(
        "--labels", default=environment.get("SM_CHANNEL_LABELS", "departures.parquet")
    )
    parser.add_argument(
        "--model-dir", type=Path, default=Path(environment.get("SM_MODEL_DIR", "model"))
    )
    parser.add_argument(
        "--output-dir", type=Path, default=Path(environment.get("SM_OUTPUT_DATA_DIR", "output"))
    )
    return parser.parse_args(arguments)


def feature_columns(frame: pd.DataFrame, labels: pd.DataFrame) -> list[str]:
    """Return the model's inputs: the timetable's columns, then what the store has added."""
    return [*STATIC_COLUMNS, *(name for name in frame.columns if name not in labels.columns)]


def split(frame: pd.DataFrame, until: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split by time, as life does: to train, labels known before `until`; to test, flights after.

    A flight in the air at `until` is in neither: it had left, but nobody knew how it would end.
    """
    return frame[frame["label_known_at"] < until], frame[frame["event_timestamp"] >= until]


def fit(frame: pd.DataFrame, features: Sequence[str]) -> Pipeline:
    """Fit a classifier of LABEL on the columns `features`: numbers, Booleans and short texts.

    A null stays a null, to which the trees give a branch of its own: "no flight in the window" is
    information. A text that was never seen counts as null.
    """
    inputs = _inputs(frame, features)
    texts = [name for name in features if inputs[name].dtype == object]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    columns = ColumnTransformer([("texts", encoder, texts)], remainder="passthrough")
    trees = HistGradientBoostingClassifier(
        max_iter=120,
        learning_rate=0.08,
        min_samples_leaf=100,
        categorical_features=list(range(len(texts))),  # the transformer puts them first
        early_stopping=False,
        random_state=0,
    )
    return Pipeline([("columns", columns), ("trees", trees)]).fit(inputs, frame[LABEL])


def predict(model: Pipeline, frame: pd.DataFrame) -> pd.Series:
    """Return the probability of landing late, for every row."""
    inputs = _inputs(frame, model.feature_names_in_)
    return pd.Series(model.predict_proba(inputs)[:, 1], index=frame.index, name="probability")


def quality(model: Pipeline, frame: pd.DataFrame) -> float:
    """Return the area under the ROC curve: 0.5 is a coin, 1.0 an oracle, or a leak."""
    return float(roc_auc_score(frame[LABEL], predict(model, frame)))


def write(
    model: Pipeline, features: Sequence[str], manifest: Any, options: argparse.Namespace
) -> None:
    """Write the model, and what it takes to say later what it was trained on."""
    options.model_dir.mkdir(parents=True, exist_ok=True)
    options.output_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, options.model_dir / "model.joblib")
    # Beside the model as well: whoever has the one should have the other.
    for folder in (options.model_dir, options.output_dir):
        (folder / "features.json").write_text(json.dumps(list(features), indent=2))
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, default=str))


def _inputs(frame: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Give the columns the two types that the model knows: floats, and objects for text."""
    return pd.DataFrame(
        {
            name: frame[name].astype("float64")
            if pd.api.types.is_numeric_dtype(frame[name])  # Booleans count as numbers
            else frame[name].astype(object).where(frame[name].notna(), None)
            for name in features
        }
    )


# The lesson.

SAME_DAY_KEYS = {
    "same_day_carrier": ["carrier"],
    "same_day_route": ["origin", "dest"],
    "same_day_plane": ["tailnum"],
}


def lesson(frame: pd.DataFrame, model: Pipeline, until: pd.Timestamp) -> dict[str, float]:
    """Return the quality of three models, and of the third one as it would be served.

    `model` is the one fitted to point-in-time features, for flights before `until`.
    """
    leaky = leaky_same_day(frame)
    train, test = split(leaky, until)
    cheat = fit(train, [*STATIC_COLUMNS, *SAME_DAY_KEYS])
    _, served = split(same_day_so_far(frame), until)
    return {
        "static columns": quality(fit(train, STATIC_COLUMNS), test),
        "point-in-time features": quality(model, test),
        "leaky same-day averages": quality(cheat, test),
        "the leaky model, once served": quality(cheat, served),
    }


def leaky_same_day(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the share of late flights by day: the join on a date that everybody writes once.

    The day's average holds the flights that landed after the prediction, the flight itself among
    them; an aircraft that flew once that day has the label as its feature. Offline the model looks
    brilliant. Nobody can serve it.
    """
    day = frame["event_timestamp"].dt.floor("D")
    return frame.assign(
        **{
            name: frame.groupby([*keys, day])[LABEL].transform("mean")
            for name, keys in SAME_DAY_KEYS.items()
        }
    )


def same_day_so_far(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the same averages as of each prediction, in order of time: all that serving knows."""
    spine = frame.assign(day=frame["event_timestamp"].dt.floor("D"))
    spine = spine.sort_values("event_timestamp", kind="stable")
    landed = spine.sort_values("label_known_at", kind="stable")
    for name, keys in SAME_DAY_KEYS.items():
        by = [*keys, "day"]
        groups = landed.groupby(by)[LABEL]
        known = landed[[*by, "label_known_at"]].assign(
            **{name: groups.cumsum() / (groups.cumcount() + 1)}
        )
        spine = pd.merge_asof(
            spine,
            known.rename(columns={"label_known_at": "landed_at"}),
            left_on="event_timestamp",
            right_on="landed_at",
            by=by,
            allow_exact_matches=False,  # what lands at this very instant is not yet known
        ).drop(columns="landed_at")
    return spine.drop(columns="day")


if __name__ == "__main__":
    main()
