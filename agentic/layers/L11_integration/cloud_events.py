"""Events in the form of CloudEvents 1.0 (structured JSON), for who asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MEDIA_TYPE: Final = "application/cloudevents+json"
SOURCE: Final = "/l01/events"
"""Where the events come from, as a reference below the platform's own address."""
_LINKS: Final = {
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "traceparent": "traceparent",
}


def cloud_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as a CloudEvent. Its place in the log is `sequence`, text of one length so that it can be sorted."""
    position, metadata = event["position"], event["metadata"]
    return {
        "specversion": "1.0",
        "id": event["id"],
        "source": SOURCE,
        "type": event["event_type"],
        "subject": f"{event['aggregate_type']}/{event['aggregate_id']}",
        "time": event["created_at"],
        "datacontenttype": "application/json",
        "sequence": f"{position or 0:016}",
        **{name: str(metadata[key]) for key, name in _LINKS.items() if metadata.get(key)},
        "data": event["payload"],
    }
