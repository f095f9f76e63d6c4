"""Transfers between the users of a payment app. They are generated: nobody's money is in here.

Real transfers with accounts, devices and places are published by nobody, for good reasons. So this
module draws them, always the same for one seed. What it puts in, a model can find, and nothing
else: its numbers say how features behave, not how fraud does.

- Most transfers go to people that the sender knows, from the sender's phone, near home, by day, of
  amounts around a level of the sender's own. The level moves over weeks, since life does.
- Now and then honest people travel, buy something large, meet somebody, or get a new phone.
- Some accounts are taken over. Within two hours up to five transfers go to a mule, of four or five
  times the sender's usual amount, at any hour. Half of the thieves have a phone of their own, which
  takes over other accounts as well, and a third of them are far from the sender's home.

Whether a transfer was fraud is reported three days later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

SINCE = pd.Timestamp("2024-01-01T00:00:00Z")
DAYS = 75
USERS = 1_000
MULES = 40
REPORTED_AFTER = pd.Timedelta(days=3)
CATEGORIES = ["food", "friends", "rent", "shopping", "travel", "tickets"]
_TAKEN_OVER = 0.25  # of all accounts, once in the whole time
# Of honest transfers: to somebody known, of a traveller, of a large amount, from a new phone.
_KNOWN, _TRAVELLING, _LARGE, _NEW_PHONE = 0.88, 0.04, 0.04, 0.05
_KM = 1 / 111.0  # degrees of latitude
_CITIES = {"AT": (48.2, 16.4), "DE": (52.5, 13.4), "FR": (48.9, 2.4), "IT": (41.9, 12.5)}

MOVEMENT_COLUMNS = [
    "movement_id",
    "moved_at",
    "user_id",
    "direction",
    "counterparty",
    "device_id",
    "amount",
    "category",
    "declined",
]
LABEL_COLUMNS = [
    "transfer_id",
    "event_timestamp",
    "sender_id",
    "receiver_id",
    "device_id",
    "amount",
    "category",
    "lat",
    "lon",
    "known_at",
    "is_fraud",
]


@dataclass(frozen=True)
class World:
    """All that happened.

    Attributes:
        profiles: one row for each user: where home is, and when the account was opened.
        movements: a row for each side of each transfer: "out" for the sender, "in" for the
            receiver.
        market: the exchange rate of each day, which concerns nobody in particular.
        transfers: the labels. `event_timestamp` is when a transfer was asked for, and the app had
            to decide; its own movement follows at that instant, so no feature contains it.
    """

    profiles: pd.DataFrame
    movements: pd.DataFrame
    market: pd.DataFrame
    transfers: pd.DataFrame


def generate(users: int = USERS, days: int = DAYS, seed: int = 7) -> World:
    """Draw a world."""
    random = np.random.default_rng(seed)
    profiles = _profiles(random, users)
    honest = _honest(random, profiles, days)
    transfers = pd.concat([honest, _takeovers(random, profiles, honest, days)])
    transfers = transfers.sort_values("event_timestamp", kind="stable", ignore_index=True)
    transfers["event_timestamp"] = transfers["event_timestamp"].dt.as_unit("us")
    transfers["amount"] = transfers["amount"].clip(0.5, 20_000).round(2)
    transfers["declined"] = random.random(len(transfers)) < 0.02 + 0.1 * transfers["is_fraud"]
    transfers["transfer_id"] = [f"t{number:06d}" for number in range(len(transfers))]
    transfers["known_at"] = transfers["event_timestamp"] + REPORTED_AFTER
    return World(
        profiles=profiles.drop(columns=["level", "activity"]),
        movements=_movements(transfers),
        market=_market(random, days),
        transfers=transfers[LABEL_COLUMNS],
    )


def _profiles(random: np.random.Generator, users: int) -> pd.DataFrame:
    countries = random.choice(list(_CITIES), users)
    homes = np.array([_CITIES[country] for country in countries])
    homes = homes + random.normal(0, 60 * _KM, homes.shape)
    opened = SINCE - pd.to_timedelta(random.exponential(500, users) + 31, unit="D")
    return pd.DataFrame(
        {
            "user_id": [f"u{number:04d}" for number in range(users)],
            "opened_at": opened.floor("s").as_unit("us"),
            "known_since": SINCE.as_unit("us"),
            "country": countries,
            "home_lat": homes[:, 0].round(4),
            "home_lon": homes[:, 1].round(4),
            "level": random.normal(3.3, 0.8, users),  # the logarithm of a usual amount
            "activity": random.lognormal(-0.7, 0.6, users),  # transfers a day
        }
    )


def _honest(random: np.random.Generator, profiles: pd.DataFrame, days: int) -> pd.DataFrame:
    counts = random.poisson(profiles["activity"] * days)
    sender = np.repeat(np.arange(len(profiles)), counts)
    total = len(sender)
    hours = np.clip(random.normal(15, 4.5, total), 0, 23.99)
    day = random.integers(0, days, total)
    friends = random.integers(0, len(profiles), (len(profiles), 8))
    knows = random.random(total) < _KNOWN
    # Some friends get more than others.
    friend = friends[sender, random.integers(0, 8, total) ** 2 // 8]
    stranger = random.integers(0, len(profiles), total)
    travels = random.random(total) < _TRAVELLING
    large = random.random(total) < _LARGE
    # A level of its own for each user, which moves within weeks: a raise, a holiday, a thin month.
    phase = random.uniform(0, 2 * np.pi, len(profiles))
    drift = 0.4 * np.sin(2 * np.pi * day / 36 + phase[sender])
    amount = np.exp(
        profiles["level"].to_numpy()[sender] + drift + random.normal(0, 0.75, total) + 1.6 * large
    )
    return pd.DataFrame(
        {
            "event_timestamp": SINCE
            + pd.to_timedelta(day, unit="D")
            + pd.to_timedelta((hours * 3_600_000_000).astype("int64"), unit="us"),
            "sender_id": profiles["user_id"].to_numpy()[sender],
            "receiver_id": profiles["user_id"].to_numpy()[np.where(knows, friend, stranger)],
            "device_id": [
                f"d{user:04d}{'b' if is_new else 'a'}"
                for user, is_new in zip(sender, random.random(total) < _NEW_PHONE, strict=True)
            ],
            "amount": amount,
            "category": random.choice(CATEGORIES, total, p=[0.3, 0.3, 0.05, 0.2, 0.05, 0.1]),
            **_places(random, profiles, sender, np.where(travels, 600.0, 6.0)),
            "is_fraud": False,
        }
    ).loc[lambda frame: frame["sender_id"] != frame["receiver_id"]]


def _takeovers(
    random: np.random.Generator, profiles: pd.DataFrame, honest: pd.DataFrame, days: int
) -> pd.DataFrame:
    """Draw the transfers of those who took an account over, some time after the first weeks."""
    victims = np.flatnonzero(random.random(len(profiles)) < _TAKEN_OVER)
    counts = random.integers(1, 6, len(victims))
    sender = np.repeat(victims, counts)
    total = len(sender)
    begins = SINCE + pd.to_timedelta(random.uniform(21, days - 1, len(victims)), unit="D")
    at = begins.floor("D") + pd.to_timedelta(random.normal(12, 7, len(victims)) % 24, unit="h")
    usual = honest.groupby("sender_id")["amount"].mean().reindex(profiles["user_id"]).fillna(30)
    mules = random.integers(0, MULES, len(victims))
    return pd.DataFrame(
        {
            "event_timestamp": (
                np.repeat(at, counts)
                + pd.to_timedelta(random.uniform(0, 7_200_000_000, total).astype("int64"), "us")
            ),
            "sender_id": profiles["user_id"].to_numpy()[sender],
            "receiver_id": profiles["user_id"].to_numpy()[-1 - np.repeat(mules, counts)],
            "device_id": [
                f"d{user:04d}a" if user % 2 else f"x{mule:02d}"
                for user, mule in zip(sender, np.repeat(mules, counts), strict=True)
            ],
            "amount": usual.to_numpy()[sender] * random.lognormal(1.5, 0.25, total),
            "category": random.choice(["shopping", "friends"], total),
            **_places(random, profiles, sender, np.where(sender % 3 == 0, 200.0, 6.0)),
            "is_fraud": True,
        }
    )


def _places(
    random: np.random.Generator, profiles: pd.DataFrame, who: np.ndarray, km: np.ndarray
) -> dict[str, np.ndarray]:
    """Return places so far from home, in any direction."""
    off = random.normal(0, 1, (2, len(who))) * km * _KM
    return {
        "lat": (profiles["home_lat"].to_numpy()[who] + off[0]).clip(-60, 70).round(4),
        "lon": (profiles["home_lon"].to_numpy()[who] + off[1]).clip(-60, 60).round(4),
    }


def _movements(transfers: pd.DataFrame) -> pd.DataFrame:
    moved = transfers.rename(columns={"event_timestamp": "moved_at"})
    out = moved.assign(
        movement_id=moved["transfer_id"] + "-out",
        direction="out",
        user_id=moved["sender_id"],
        counterparty=moved["receiver_id"],
    )
    into = moved[~moved["declined"]].assign(
        movement_id=moved["transfer_id"] + "-in",
        direction="in",
        user_id=moved["receiver_id"],
        counterparty=moved["sender_id"],
    )
    both = pd.concat([out, into])[MOVEMENT_COLUMNS]
    return both.sort_values(["moved_at", "movement_id"], ignore_index=True)


def _market(random: np.random.Generator, days: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "quoted_at": (SINCE + pd.to_timedelta(np.arange(days), unit="D")).as_unit("us"),
            "eur_usd": (1.09 + 0.002 * random.normal(0, 1, days).cumsum()).round(5),
        }
    )
