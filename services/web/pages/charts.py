"""How much groups are heard, as bars: computed here, drawn by a template as plain SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.representation import TargetHeard


@dataclass(frozen=True)
class Rate:
    """How much one group is heard; widths are in hundredths of the drawing."""

    group: str
    locality: str
    expected: int
    heard: int
    missing: str
    share: str
    """Heard of those expected, as a percentage."""
    width: float
    least: float
    """Where half of the rate of all together stands: whoever is left of it is missing."""


def rates(targets: Sequence[TargetHeard]) -> tuple[Rate, ...]:
    """A bar for each group, the largest rate as wide as the drawing."""
    found = [each.heard / each.expected for each in targets]
    most = max(found, default=0) or 1
    overall = sum(each.heard for each in targets) / (sum(each.expected for each in targets) or 1)
    return tuple(
        Rate(
            each.group,
            each.locality,
            each.expected,
            each.heard,
            each.missing,
            percentage(rate),
            round(rate / most * 100, 1),
            round(overall / most * 50, 1),
        )
        for each, rate in zip(targets, found, strict=True)
    )


def percentage(rate: float) -> str:
    """0.25%, 3.1%, 42%"""
    return "0%" if not rate else f"{rate:.2%}" if rate < 0.01 else f"{rate:.1%}" if rate < 0.1 else f"{rate:.0%}"
