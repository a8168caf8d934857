"""The ports that `platform up` wants."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agentic.platform.diagnosis.finding import Finding, fine, problem
from agentic.platform.ports import PortError, PortTakenError, bind, port_of


def ports(host: str, front_door: int, wanted: Mapping[str, int], ours: Collection[int]) -> list[Finding]:
    """Whether each port can be listened on, but for those where our own platform does already."""
    numbers = {layer_id: port_of(port, front_door) for layer_id, port in wanted.items()}
    return [_port(host, number, layer_id, number in ours) for layer_id, number in numbers.items()]


def _port(host: str, port: int, layer_id: str, is_ours: bool) -> Finding:
    subject = f"Port {port} ({layer_id})"
    if is_ours:
        return fine(subject, "the platform listens on it")
    try:
        bind(host, port).close()
    except PortTakenError as error:
        end = f"End it (`kill {error.holder.pid}`)" if error.holder.pid else "End it"
        return problem(
            subject,
            f"taken by {error.holder}",
            f"{end}, or choose other ports with `platform up --port`; all of them follow it.",
        )
    except PortError as error:
        return problem(
            subject, str(error), "Choose other ports with `platform up --port`, or another --host."
        )
    return fine(subject, "free")
