"""Train the fraud model on features as they would have been served.

A SageMaker script-mode entry point, as in the flights example:

    python train.py --store prod --labels transfers.parquet

The model takes numbers and Booleans. Lists, texts and instants are for on-demand features.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

import joblib  # type: ignore[import-untyped]
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from skewless import FeatureStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

SERVICE = "fraud_model"
LABEL = "is_fraud"
# What a row of labels is made of: keys of both sides and of the device, the instant, and what the
# caller sends. All else of a frame of labels passes through.
LABELS = ["sender_id", "receiver_id", "device_id", "event_timestamp"]
LABELS += ["amount", "category", "lat", "lon"]
TRAIN_UNTIL = "2024-02-25T00:00:00Z"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch the training set, fit, print the quality, and write the model."""
    parser = argparse.ArgumentParser(description="Train the fraud model.")
    parser.add_argument("--store", default=os.environ.get("SKEWLESS_STORE", "prod"))
    parser.add_argument("--labels", default=os.environ.get("SM_CHANNEL_LABELS"), required=False)
    parser.add_argument("--train-until", default=TRAIN_UNTIL)
    parser.add_argument(
        "--model-dir", type=Path, default=Path(os.environ.get("SM_MODEL_DIR", "model"))
    )
    options = parser.parse_args(arguments)
    labels = pd.read_parquet(options.labels)
    training = FeatureStore.connect(options.store).get_historical_features(labels, SERVICE)
    frame = training.to_pandas(floats=True)
    inputs = model_inputs(frame, training.features)
    train, test = split(frame, pd.Timestamp(options.train_until))
    model = fit(train, inputs)
    print(f"rows: {len(train):,} to train, {len(test):,} to test; {len(inputs)} columns")
    print(f"loss={log_loss(test[LABEL], predict(model, test), labels=[False, True]):.4f}")
    options.model_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, options.model_dir / "model.joblib")


def model_inputs(frame: pd.DataFrame, features: Sequence[str]) -> list[str]:
    """Return the features that the model takes: numbers and Booleans, which are floats here."""
    return [name for name in features if frame[name].dtype == "float64"]


def split(frame: pd.DataFrame, until: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split by time: to train, transfers judged before `until`; to test, those asked for after."""
    return frame[frame["known_at"] < until], frame[frame["event_timestamp"] >= until]


def fit(frame: pd.DataFrame, inputs: Sequence[str]) -> HistGradientBoostingClassifier:
    """Fit a classifier of LABEL; a null stays a null, for which the trees have a branch."""
    trees = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.08, min_samples_leaf=40, early_stopping=False, random_state=0
    )
    return trees.fit(frame[list(inputs)], frame[LABEL])


def predict(model: HistGradientBoostingClassifier, frame: pd.DataFrame) -> np.ndarray:
    """Return the probability of fraud for every row."""
    found: np.ndarray = model.predict_proba(frame[list(model.feature_names_in_)])[:, 1]
    return found


if __name__ == "__main__":
    main()
