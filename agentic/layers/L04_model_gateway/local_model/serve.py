"""Become the local model's server: `python -P serve.py`, with one line of JSON on standard input. A script of its own.

llama.cpp answers HTTP itself, on a port of the loopback interface that the kernel chooses, in OpenAI's chat form, to whoever has the key.
It is told on standard output, as one line of JSON, once the model is loaded. The rest of standard input is a pipe whose other end
only the platform holds: when it ends, however that came about, so does this process. Nothing here needs putting in order.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Load, tell, serve until the platform lets go."""
    die_with_the_platform()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # llama.cpp writes where it likes: standard output is for one line only
    line = sys.stdin.readline()
    if not line:
        return
    try:
        server = serve(json.loads(line))
        told = {"url": server.listening_address}
    except Exception as error:
        server, told = None, {"error": f"{type(error).__name__}: {error}"}
    try:
        answer.write(json.dumps(told) + "\n")
        answer.flush()
        while server is not None and os.read(0, 1024):
            pass
    finally:  # also when nobody is left to be told: an orderly exit would wait for the engine's threads
        os._exit(0)


def serve(wanted: dict[str, Any]) -> Any:
    """Start the engine, with a value for all that it would decide too generously by itself."""
    engine = importlib.import_module("xllamacpp")  # has no types
    params = engine.CommonParams()
    params.model.path = wanted["file"]
    params.model_alias = {wanted["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [wanted["key"]]
    params.cors_origins = ""
    params.cors_credentials = False
    params.ui = False
    params.endpoint_slots = False
    params.offline = True
    params.cache_ram_mib = wanted["cache_mb"]
    params.n_ctx = wanted["context"]
    params.n_predict = wanted["answer"]
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.fit_params = False
    params.verbosity = 1
    params.cpuparams.n_threads = wanted["threads"]
    params.cpuparams_batch.n_threads = wanted["threads"]
    return engine.Server(params)


def die_with_the_platform() -> None:
    """Ask Linux for SIGKILL when the thread that started us ends: also while the engine loads and nothing else runs."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


if __name__ == "__main__":
    main()
