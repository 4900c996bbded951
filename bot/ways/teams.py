"""Microsoft Teams: an adaptive card, posted to the address of a workflow in the channel."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sender import SECONDS, Outgoing
from bot.ways.posting import accepted, posted, written
from conversations.settings import Settings

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


@dataclass(frozen=True, slots=True)
class TeamsSender:
    """Cards in the channel that the workflow of the settings belongs to; who reads them is Teams' affair."""

    settings: Settings
    seconds: float = SECONDS

    def send(self, message: Outgoing) -> str:
        """Post a card; raises NotSent when the workflow does not take it in time. Teams gives no id."""
        answer = posted(self.settings.teams_url, written(self._card(message)), {}, self.seconds)
        accepted(answer, "teams")
        return ""

    def _card(self, message: Outgoing) -> dict[str, object]:
        lines = [message.subject, message.body] if message.subject else [message.body]
        weights = ["Bolder", "Default"][-len(lines) :]
        texts = [
            {"type": "TextBlock", "text": line, "wrap": True, "weight": weight}
            for line, weight in zip(lines, weights, strict=True)
        ]
        link = {"type": "Action.OpenUrl", "title": "Open", "url": f"{self.settings.public_url}/staff/alerts/"}
        content = {"$schema": SCHEMA, "type": "AdaptiveCard", "version": "1.4", "body": texts, "actions": [link]}
        return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": content}]}
