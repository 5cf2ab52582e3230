"""Templates of the demo, and rules that would send them: off, until somebody switches them on."""

from typing import Any

from deploy.seed.county import County
from shared.contracts.rules import CreateRule, RuleSettings
from shared.contracts.templates import CreateTemplate, TemplateText
from shared.messaging.client import RpcClient

SECONDS = 60.0
TEMPLATES = {
    "Membership confirmed": TemplateText(
        name="Membership confirmed",
        subject="Welcome to the Health Panel, {first_name|friend}",
        body="""\
# Welcome

Dear {name|friend},

thank you for joining the Health Panel. You will hear from us when there is something to have a say on, and **what we
did** with it afterwards.

* Not what you wanted? Use the link at the foot of this message.
""",
    ),
    "Weekly digest": TemplateText(
        name="Weekly digest",
        subject="Enquiries and complaints that wait for an answer",
        body="Good morning,\n\nthese wait for an answer:\n\n{digest}\n",
    ),
}
RULES: dict[str, dict[str, Any]] = {
    "Membership confirmed": {"occasion": "consent_given", "purpose": "membership"},
    "Weekly digest": {"occasion": "weekly_digest", "purpose": "membership", "owners": ("pals@demo.example",)},
}


def add_rules(bus: RpcClient, county: County) -> None:
    """Repeatable."""
    for name, text in TEMPLATES.items():
        request_id = f"demo-{county.seed}-{name}"
        template = bus.call(CreateTemplate(request_id=request_id, text=text, by="demo"), timeout=SECONDS)
        settings = RuleSettings.model_validate(RULES[name] | {"name": name, "template_id": template.template_id})
        bus.call(CreateRule(request_id=request_id, settings=settings, by="demo"), timeout=SECONDS)
