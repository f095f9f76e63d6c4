"""What a store costs: units, bytes and dollars, predicted from definitions and traffic."""

from skewless.cost.bill import Bill, Item, predict, predict_change
from skewless.cost.prices import Prices
from skewless.cost.traffic import Traffic

__all__ = ["Bill", "Item", "Prices", "Traffic", "predict", "predict_change"]
