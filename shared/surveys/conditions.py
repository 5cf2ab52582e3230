"""Conditions of a survey: `{ease} = 'hard' and {age} > 17`, as SurveyJS reads them. Pure.

Only what a form can say is understood: a question, an operator and a value, joined by `and`, `or` and brackets. What is
understood means the same here and in the respondent's browser; anything else is refused when the survey is saved.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Value = str | int | float | bool | Sequence[str] | None
"""An answer, or what one is compared with; None is no answer."""
DEEPEST = 20
"""Brackets in brackets."""
LONGEST = 2_000
_TOKENS = re.compile(
    r"""\s*(?:
      (?P<name>\{[A-Za-z][\w-]*\})
    | (?P<text>'[^']*')
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<sign><=|>=|<>|!=|==|=|<|>|\(|\)|\[|\]|,)
    | (?P<word>[A-Za-z]+)
    )""",
    re.VERBOSE,
)
_ALIKE = {"==": "=", "!=": "<>"}
_BARE = ("empty", "notempty")
_WITH_LIST = ("anyof", "allof")
_WITH_VALUE = ("=", "<>", "<", "<=", ">", ">=", "contains", "notcontains")


class ConditionError(ValueError):
    """The text is no condition that is understood; the message says why, to whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question compared with a value."""

    question: str
    operator: str
    value: Value = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Several conditions, of which all or any have to hold."""

    word: str
    """`and` or `or`."""
    parts: tuple["Condition", ...]


Condition = Comparison | Joined


@lru_cache(4096)
def parse(text: str) -> Condition:
    """The condition that a text says. Raises ConditionError."""
    if len(text) > LONGEST:
        raise ConditionError(f"a condition has {LONGEST:,} characters at most")
    return _Parser(list(_tokens(text))).whole()


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison that stands in a condition."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for each in condition.parts:
            yield from comparisons(each)


def holds(condition: Condition, answers: Mapping[str, Value]) -> bool:
    """Whether the condition holds for the answers; a question without one is empty."""
    if isinstance(condition, Joined):
        gather = all if condition.word == "and" else any
        return gather(holds(each, answers) for each in condition.parts)
    return _OPERATORS[condition.operator](answers.get(condition.question), condition.value)


def is_empty(value: Value) -> bool:
    """No answer: nothing, an empty text, nothing ticked. No and 0 are answers."""
    return value is None or value == "" or value == []


def _equal(left: Value, right: Value) -> bool:
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right)
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().lower() == right.strip().lower()
    if isinstance(left, list) and isinstance(right, list):
        return sorted(left) == sorted(right)
    return type(left) is not list and type(right) is not list and left == right


def _less(left: Value, right: Value) -> bool:
    if is_empty(left) or is_empty(right):
        return False
    return left < right  # type: ignore[operator]


def _contains(left: Value, right: Value) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right.strip().lower() in left.strip().lower()
    return isinstance(left, list) and any(_equal(each, right) for each in left)


def _any_of(left: Value, right: Value) -> bool:
    return any(_equal(one, each) for one in _listed(left) for each in _listed(right))


def _all_of(left: Value, right: Value) -> bool:
    return bool(_listed(left)) and all(any(_equal(one, each) for one in _listed(left)) for each in _listed(right))


def _listed(value: Value) -> Sequence[Value]:
    if isinstance(value, list):
        return value
    return [] if is_empty(value) else [value]


_OPERATORS: dict[str, Callable[[Value, Value], bool]] = {
    "=": _equal,
    "<>": lambda left, right: not _equal(left, right),
    "<": _less,
    "<=": lambda left, right: _equal(left, right) or _less(left, right),
    ">": lambda left, right: _less(right, left),
    ">=": lambda left, right: _equal(left, right) or _less(right, left),
    "empty": lambda left, _: is_empty(left),
    "notempty": lambda left, _: not is_empty(left),
    "contains": _contains,
    "notcontains": lambda left, right: not _contains(left, right),
    "anyof": _any_of,
    "allof": _all_of,
}


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(what it is, how it is written) of each word and sign."""
    place = 0
    while text[place:].strip():
        found = _TOKENS.match(text, place)
        if found is None:
            raise ConditionError(f"“{text[place:].strip()[:30]}” is not understood in a condition")
        kind = found.lastgroup or ""
        yield kind, found[kind]
        place = found.end()


class _Parser:
    """Reads tokens from left to right; `and` binds closer than `or`."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0

    def whole(self) -> Condition:
        found = self._joined("or", 0)
        if self._place < len(self._tokens):
            raise ConditionError(f"“{self._tokens[self._place][1]}” is one too many")
        return found

    def _joined(self, word: str, depth: int) -> Condition:
        parts = [self._part(word, depth)]
        while self._next_is(word):
            self._place += 1
            parts.append(self._part(word, depth))
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _part(self, word: str, depth: int) -> Condition:
        if word == "or":
            return self._joined("and", depth)
        if depth > DEEPEST:
            raise ConditionError(f"brackets stand in brackets up to {DEEPEST} times")
        if not self._next_is("("):
            return self._comparison()
        self._place += 1
        inside = self._joined("or", depth + 1)
        self._take("sign", ")")
        return inside

    def _comparison(self) -> Comparison:
        question = self._take("name")[1:-1]
        operator = _ALIKE.get(written := self._any(), written).lower()
        if operator in _BARE:
            return Comparison(question, operator)
        if operator in _WITH_LIST:
            return Comparison(question, operator, self._list())
        if operator in _WITH_VALUE:
            return Comparison(question, operator, self._value())
        raise ConditionError(f"“{written}” is no operator that is understood")

    def _list(self) -> list[str]:
        self._take("sign", "[")
        found = [self._take("text")[1:-1]]
        while self._next_is(","):
            self._place += 1
            found.append(self._take("text")[1:-1])
        self._take("sign", "]")
        return found

    def _value(self) -> Value:
        kind, written = self._peek()
        self._place += 1
        match kind:
            case "text":
                return written[1:-1]
            case "number":
                return float(written) if "." in written else int(written)
            case "word" if written.lower() in ("true", "false"):
                return written.lower() == "true"
        raise ConditionError(f"“{written}” is no value: a text stands between ' and '")

    def _next_is(self, written: str) -> bool:
        return self._place < len(self._tokens) and self._tokens[self._place][1].lower() == written

    def _peek(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise ConditionError("the condition ends too early")
        return self._tokens[self._place]

    def _any(self) -> str:
        written = self._peek()[1]
        self._place += 1
        return written

    def _take(self, kind: str, written: str = "") -> str:
        found, as_written = self._peek()
        if found != kind or (written and as_written != written):
            wanted = f"“{written}”" if written else {"name": "a {question}", "text": "a 'text'"}.get(kind, kind)
            raise ConditionError(f"{wanted} is expected where “{as_written}” stands")
        self._place += 1
        return as_written
