"""What has been answered: counts of choices, numbers in the middle; and which counts nobody else may see. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from shared.contracts.surveys import Count, QuestionResult
from shared.surveys.definition import Definition, OneOf, Question, Rating, SomeOf, Text, YesNo

FEWEST = 5
"""Fewer who have answered alike could be recognised."""


@dataclass
class _Tally:
    """The answers to one question, of all versions of the definition that ask it."""

    question: Question
    is_asked: bool
    texts: dict[str, str]
    """The words of each answer that can be counted."""
    answered: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    numbers: list[float] = field(default_factory=list)

    def add(self, answer: Any) -> None:
        self.answered += 1
        match self.question:
            case SomeOf():
                self.counts.update(answer)
            case OneOf() | Rating():
                self.counts[str(answer)] += 1
            case YesNo():
                self.counts["yes" if answer else "no"] += 1
            case Text(input_type="number"):
                self.numbers.append(answer)

    def result(self) -> QuestionResult:
        counts = [Count(value=each, text=text, count=self.counts[each]) for each, text in self.texts.items()]
        return QuestionResult(
            name=self.question.name,
            title=self.question.title,
            type=self.question.type,
            answered=self.answered,
            counts=tuple(counts),
            least=min(self.numbers, default=None),
            median=median(self.numbers) if self.numbers else None,
            most=max(self.numbers, default=None),
            is_asked=self.is_asked,
        )


def analyse(
    definitions: Mapping[int, Definition], responses: Iterable[tuple[int, Mapping[str, Any]]]
) -> tuple[QuestionResult, ...]:
    """Results in the order in which questions are asked now; those that are not asked any more come last.

    definitions: by version; the highest is asked now. responses: (version that it answers, answers).
    """
    latest = max(definitions)
    tallies: dict[tuple[str, str], _Tally] = {}
    for version in sorted(definitions, reverse=True):
        for question in definitions[version].questions():
            key = (question.name, _kind(question))
            known = tallies.setdefault(key, _Tally(question, version == latest, {}))
            known.texts |= {each: text for each, text in _texts(question).items() if each not in known.texts}
    keys = {
        version: {each.name: (each.name, _kind(each)) for each in definition.questions()}
        for version, definition in definitions.items()
    }
    for version, answers in responses:
        for name, answer in answers.items():
            tallies[keys[version][name]].add(answer)
    return tuple(each.result() for each in tallies.values() if each.is_asked or each.answered)


def _kind(question: Question) -> str:
    """Answers of one kind can be counted together: buttons and a list ask the same."""
    if isinstance(question, Text):
        return "number" if question.input_type == "number" else "text"
    return "one" if isinstance(question, OneOf) else question.type


def _texts(question: Question) -> dict[str, str]:
    match question:
        case OneOf() | SomeOf():
            return {each.value: each.text for each in question.choices}
        case Rating():
            return {str(each): str(each) for each in range(question.rate_min, question.rate_max + 1)}
        case YesNo():
            return {"yes": "Yes", "no": "No"}
    return {}


def suppress(counts: Sequence[int]) -> tuple[int | None, ...]:
    """The counts as others than the owner may see them: None in place of each below 5, and of as many as it takes.

    No hidden count can be computed from those that are left and their total, by whoever knows this rule as well: the
    hidden ones could always stand in another order, or be others. Larger ones are hidden, the smallest first and all
    that are alike at once, while one would be found: when it is the only one, and when all must be 0 or all must be 4.
    If nothing is left to be seen the total must not be shown either.
    """
    hidden = {place for place, count in enumerate(counts) if count < FEWEST}
    while hidden and _are_found([counts[each] for each in hidden]) and len(hidden) < len(counts):
        smallest = min(count for place, count in enumerate(counts) if place not in hidden)
        hidden |= {place for place, count in enumerate(counts) if count == smallest}
    return tuple(None if place in hidden else count for place, count in enumerate(counts))


def _are_found(hidden: Sequence[int]) -> bool:
    """Whether the sum of the hidden counts says what they are."""
    return len(hidden) == 1 or set(hidden) in ({0}, {FEWEST - 1})
