"""How rules are said to people: when they send, and why one did not."""

OCCASIONS = {
    "contact_registered": "When a person becomes known",
    "consent_given": "When somebody agrees to messages of its kind",
    "segment_entered": "When a contact comes into the segment",
    "weekly_digest": "Each Monday, when enquiries or complaints wait for an answer",
}
KEPT_BACK = {
    "import": "an import brought it about, and the rule leaves those out",
    "expired": "it waited too long for its turn",
    "switched_off": "the rule was switched off",
    "had_it": "the contact has had this message before",
    "nothing_waits": "nothing waited for an answer",
}
