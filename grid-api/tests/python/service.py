"""The service as a process of the test's own, with a clock that runs sixty times as fast as real ones."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from utility import Utility, channel

# No wait ends by it but one for what never comes.
PATIENCE_S = 60
GLANCE_S = 0.05
# Seconds of the service's clock in a second.
SPEED = 60.0

TOKENS = {"dso": "token-of-the-dso-1", "reader": "token-of-the-reader", "tso": "token-of-the-tso-1"}
SITES = ["campus", "depot"]

SITE = """
id = "{id}"
name = "{id}"
time_zone = "Europe/Amsterdam"
import_capacity_kw = 100.0
safe_mode = {{ import_limit_kw = 20.0, rate_a = 6.0, station_default_a = 0.0 }}
[[evse]]
uid = "E-{id}"
phases = ["L1", "L2", "L3"]
voltage_v = 230.0
maximum_current_a = 32.0
"""

CONFIG = """
[server]
http_listen = "127.0.0.1:{http}"
public_url = "http://127.0.0.1:{http}"
grpc_listen = "127.0.0.1:{grpc}"
[store]
path = "{folder}/headroom.db"
[ocpi]
country_code = "NL"
party_id = "HDR"
name = "Headroom"
[clock]
real_origin = "{now}"
origin = "2026-03-09T12:00:00Z"
speed = {speed}
[grpc.quotas]
calls_per_second = 1000
burst = 10000
clock_skew_tolerance_ms = 600000
"""

UTILITIES = f"""
[[utility]]
name = "dso"
token = "{TOKENS["dso"]}"
sites = ["campus", "depot"]
[[utility.principal]]
name = "reader"
token = "{TOKENS["reader"]}"
roles = ["read"]
[[utility]]
name = "tso"
token = "{TOKENS["tso"]}"
sites = ["campus"]
"""

SITE_ENTRY = """
[[site]]
file = "{id}.toml"
partner = "cpo"
locations = ["LOC-{id}"]
meter_token = "meter-of-{id}"
"""


class Service:
    """Killed, not asked to stop, at the end of its `with`."""

    def __init__(self, folder: Path, *, utilities: str = UTILITIES, credentials: grpc.ChannelCredentials | None = None):
        http, port = free_ports()
        self.folder, self.http = folder, f"http://127.0.0.1:{http}"
        self.address, self.credentials = f"127.0.0.1:{port}", credentials
        now = datetime.now(timezone.utc).isoformat()
        config = CONFIG.format(http=http, grpc=port, folder=folder, now=now, speed=SPEED)
        sites = "".join(SITE_ENTRY.format(id=site) for site in SITES)
        (folder / "headroom.toml").write_text(config + utilities + sites)
        for site in SITES:
            (folder / f"{site}.toml").write_text(SITE.format(id=site))

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts it on what is recorded in its folder, and waits until it says that it is ready."""
        command = [os.environ["HEADROOM"], "serve", "--config", self.folder / "headroom.toml"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        eventually("the service is ready", self.is_ready)

    def kill(self) -> None:
        """Takes it away without a word, as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with channel(self.address, self.credentials) as line:
            health = health_pb2_grpc.HealthStub(line)
            try:
                answer = health.Check(health_pb2.HealthCheckRequest(service="headroom.utility.v1.GridLimitService"))
            except grpc.RpcError:
                return False
        return answer.status == health_pb2.HealthCheckResponse.SERVING

    def utility(self, who: str = "dso") -> Utility:
        """Calls as `dso`, as the `dso`'s `reader`, or as `tso`."""
        name = "tso" if who == "tso" else "dso"
        return Utility(channel(self.address, self.credentials, TOKENS[who]), name)


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def eventually(what: str, look: Callable[[], object]) -> None:
    """Waits until a look finds something."""
    until = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(GLANCE_S)
