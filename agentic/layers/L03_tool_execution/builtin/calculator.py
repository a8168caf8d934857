"""Arithmetic, read as an expression and worked out part by part: no `eval`, no names but the listed ones, and bounds on size."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any, Final

from agentic.layers.L03_tool_execution.errors import ToolRefusedError
from agentic.layers.L03_tool_execution.functions import tool

LONGEST: Final = 1000
DEEPEST: Final = 50
MOST_BITS: Final = 10_000
"""Of an integer: about 3000 digits."""
MOST_FACTORIAL: Final = 1000

Number = int | float

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: operator.mod,
}
_UNARY: Final[dict[type[ast.unaryop], Callable[[Any], Any]]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_NAMES: Final = {"pi": math.pi, "e": math.e, "tau": math.tau}


def _factorial(number: Any) -> int:
    if not isinstance(number, int) or not 0 <= number <= MOST_FACTORIAL:
        raise ToolRefusedError(f"factorial takes a whole number from 0 to {MOST_FACTORIAL}.")
    return math.factorial(number)


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    **{
        name: getattr(math, name)
        for name in (
            *("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"),
            *("sinh", "cosh", "tanh", "degrees", "radians", "hypot", "floor", "ceil", "trunc", "gcd"),
        )
    },
    "abs": abs,
    "min": min,
    "max": max,
    "round": round,
    "factorial": _factorial,
}


@tool(idempotent=True, timeout=5, retries=0)
def calculator(expression: str) -> int | float | str:
    """Works out an arithmetic expression.

    Operators are + - * / // % ** and parentheses. There are pi, e, tau and sqrt, exp, log, log2, log10, sin, cos, tan, asin,
    acos, atan, atan2, sinh, cosh, tanh, degrees, radians, hypot, floor, ceil, trunc, gcd, abs, min, max, round, factorial.

    Args:
        expression: Such as 2 * (3 + 4) ** 2 or sqrt(2) / 3.
    """
    return work_out(expression)


def work_out(expression: str) -> int | float | str:
    """The value; a whole number that JSON programs would round is text.

    Raises:
        ToolRefusedError: it is no expression of these, or has no value.
    """
    if len(expression) > LONGEST:
        raise ToolRefusedError(f"An expression has at most {LONGEST} characters.")
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
        value = _value(tree.body, 0)
    except (SyntaxError, MemoryError, RecursionError):
        raise ToolRefusedError(f"{expression!r} is no arithmetic expression.") from None
    except ZeroDivisionError:
        raise ToolRefusedError("A division by zero has no value.") from None
    except (OverflowError, ValueError, TypeError) as error:
        raise ToolRefusedError(f"{expression!r} has no value: {error}.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ToolRefusedError(f"{expression!r} has no finite value.")
    return value if isinstance(value, float) or abs(value) < 2**53 else str(value)


def _value(node: ast.AST, depth: int) -> Number:
    if depth > DEEPEST:
        raise ToolRefusedError(f"An expression is nested at most {DEEPEST} deep.")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _bounded(value)
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_value(operand, depth + 1))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left, depth + 1), _value(right, depth + 1))
        case ast.BinOp(left=left, op=by, right=right) if type(by) in _BINARY:
            return _bounded(_BINARY[type(by)](_value(left, depth + 1), _value(right, depth + 1)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name](*[_value(each, depth + 1) for each in arguments]))
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)):
            raise ToolRefusedError(f"There is no {name} here.")
        case _:
            raise ToolRefusedError(f"{type(node).__name__} is no arithmetic.")


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MOST_BITS:
        raise ToolRefusedError("The result has too many digits.")
    value: Any = base**exponent
    if isinstance(value, complex):
        raise ToolRefusedError("The result is no real number.")
    return _bounded(value)


def _bounded(value: Any) -> Number:
    if not isinstance(value, int | float):
        raise ToolRefusedError("The result is no real number.")
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        raise ToolRefusedError("The result has too many digits.")
    return value
