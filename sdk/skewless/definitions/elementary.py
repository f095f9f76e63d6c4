"""The functions of one number, which are methods of every expression."""

from __future__ import annotations

from typing import Self

from skewless.definitions.operators import Operator


class ElementaryMethods:
    """Functions with the same bits on every engine, at most 1 ulp from the true value.

    They take a number and give a Float64; null where the value is null or out of the range of the
    function.
    """

    __slots__ = ()

    def _of(self, operator: Operator) -> Self:
        raise NotImplementedError

    def sqrt(self) -> Self:
        """Return the square root; null below zero."""
        return self._of(Operator.SQUARE_ROOT)

    def floor(self) -> Self:
        """Return the greatest whole number that is not greater."""
        return self._of(Operator.FLOOR)

    def ceil(self) -> Self:
        """Return the least whole number that is not less."""
        return self._of(Operator.CEILING)

    def sign(self) -> Self:
        """Return -1, 0 or 1."""
        return self._of(Operator.SIGN)

    def exp(self) -> Self:
        """Return e to the power of the value; null above 709.78, where no double holds it."""
        return self._of(Operator.EXP)

    def expm1(self) -> Self:
        """Return e to the power of the value, minus 1, precise near 0; null above 709.78."""
        return self._of(Operator.EXPM1)

    def ln(self) -> Self:
        """Return the natural logarithm; null at and below zero."""
        return self._of(Operator.LN)

    def log2(self) -> Self:
        """Return the logarithm to base 2; null at and below zero."""
        return self._of(Operator.LOG2)

    def log10(self) -> Self:
        """Return the logarithm to base 10; null at and below zero."""
        return self._of(Operator.LOG10)

    def log1p(self) -> Self:
        """Return the natural logarithm of 1 + the value; null at and below -1."""
        return self._of(Operator.LOG1P)

    def sin(self) -> Self:
        """Return the sine of an angle in radians; null beyond 2^20 = 1,048,576 of either sign."""
        return self._of(Operator.SIN)

    def cos(self) -> Self:
        """Return the cosine of an angle in radians; null beyond 2^20 of either sign."""
        return self._of(Operator.COS)

    def tan(self) -> Self:
        """Return the tangent of an angle in radians; null beyond 2^20 of either sign."""
        return self._of(Operator.TAN)

    def asin(self) -> Self:
        """Return the arc sine in radians, -pi/2 to pi/2; null beyond -1 to 1."""
        return self._of(Operator.ASIN)

    def acos(self) -> Self:
        """Return the arc cosine in radians, 0 to pi; null beyond -1 to 1."""
        return self._of(Operator.ACOS)

    def atan(self) -> Self:
        """Return the arc tangent in radians, -pi/2 to pi/2."""
        return self._of(Operator.ATAN)

    def tanh(self) -> Self:
        """Return the hyperbolic tangent."""
        return self._of(Operator.TANH)

    def sigmoid(self) -> Self:
        """Return 1 / (1 + e^-x), a number of 0 to 1."""
        return self._of(Operator.SIGMOID)
