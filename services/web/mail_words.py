"""The words of mailings, newsletters, rules and what came back, as pages say them."""

from shared.contracts.newsletters import Rhythm

RULES = {
    "no_consent": "has not agreed to messages of this kind",
    "withdrawn": "has withdrawn consent",
    "no_address": "has no e-mail address",
    "suppression_list": "the address is on the suppression list",
    "cancelled": "the mailing was cancelled",
    "erased": "was erased",
    "answered": "has answered the survey",
    "not_invited": "was not sent the invitation",
    "no_link": "has no link to the survey",
    "not_in_segment": "is not in the segment",
    "unknown": "is not a contact any more",
}
END_STATES = {
    "sent": "Sent",
    "bounced": "Bounced",
    "suppressed": "Kept back",
    "failed": "Failed",
    "uncertain": "Uncertain",
}
REPORTS = {"permanent": "Came back", "temporary": "Failed for now", "complaint": "Marked as junk"}
REPORT_OUTCOMES = {
    "bounced": "Nothing more is sent to the address.",
    "suppressed": "Nothing more is sent to the address.",
    "noted": "It is noted; messages are still sent.",
}
OCCASIONS = {
    "contact_registered": "When a person becomes known",
    "consent_given": "When somebody agrees to messages of its kind",
    "segment_entered": "When a contact comes into the segment",
    "case_answered": "When somebody’s question was answered, otherwise than by e-mail",
    "case_late": "When somebody’s question has not been answered for seven days",
    "consultation_opened": "When a consultation opens, to everybody in the segment",
    "outcome_published": "When it is published what came of a consultation, to everybody who took part",
    "weekly_digest": "Each Monday, when enquiries or complaints wait for an answer",
}
KEPT_BACK = {
    "import": "an import brought it about, and the rule leaves those out",
    "expired": "it waited too long for its turn",
    "switched_off": "the rule was switched off",
    "had_it": "the contact has had this message before",
    "nothing_waits": "nothing waited for an answer",
}
ITEM_STATES = {"draft": "Draft", "published": "Published", "withdrawn": "Withdrawn"}
ITEM_COLOURS = {"draft": "grey", "published": "green", "withdrawn": "yellow"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def rhythm(when: Rhythm) -> str:
    """Every Friday at 9:00, every month on day 15 at 9:00"""
    days = f"Every {WEEKDAYS[when.weekday]}" if when.every == "week" else f"Every month on day {when.day}"
    return f"{days} at {when.hour}:{when.minute:02}"
