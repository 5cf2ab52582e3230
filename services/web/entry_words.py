"""How the entries of cases and of planned meetings are said, and the picture of each."""

KINDS = {
    "case_opened": "Taken on",
    "case_assigned": "Given on",
    "case_answered": "Answered",
    "case_closed": "Closed",
    "case_reopened": "Opened again",
    "case_noted": "To be done",
    "case_late": "Not answered yet",
    "meeting_planned": "Meeting planned",
    "meeting_called_off": "Meeting called off",
}
ICONS = {
    "case_opened": "flag",
    "case_assigned": "person",
    "case_answered": "return",
    "case_closed": "tick",
    "case_reopened": "flag",
    "case_noted": "pencil",
    "case_late": "stop",
    "meeting_planned": "calendar",
    "meeting_called_off": "stop",
}
FILTERS = {
    "source": "Show",
    "kind": "Kind",
    "channel": "Channel",
    "topic": "Topic",
    "locality": "Locality",
    "group": "Stakeholder group",
    "partner": "Reported by",
}
"""Of a search."""
