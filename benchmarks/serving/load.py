"""Load by wrk: many connections that ask as fast as they are answered."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
# wrk's threads share the machine's two cores with the server.
SCRIPT = """
local bodies, paths, at = {}, {}, 0
for line in io.lines("%(questions)s") do paths[#paths + 1] = line end
local body = nil
local file = io.open("%(body)s", "rb")
if file then body = file:read("*a"); file:close() end
request = function()
  at = at %% #paths + 1
  if body then
    return wrk.format("POST", paths[at], {["Content-Type"] = "application/json"}, body)
  end
  return wrk.format("GET", paths[at])
end
done = function(summary, latency, requests)
  io.write(string.format(
    '{"requests":%%d,"seconds":%%f,"p50":%%f,"p99":%%f,"failed":%%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk measured.

    Attributes:
        rate: requests answered per second.
        p50: median latency, ms.
        p99: latency that 99 of 100 requests do not exceed, ms.
        failed: requests without an answer, or with a status from 400 on.
    """

    rate: float
    p50: float
    p99: float
    failed: int


def put_load(url: str, questions: Path, seconds: float, body: Path | None = None) -> Load:
    """Ask a server for some time.

    Args:
        url: the server.
        questions: file with a path and query per line, asked in turn.
        seconds: how long to ask.
        body: file that every request posts; None: requests are GET.
    """
    script = questions.with_suffix(".lua")
    script.write_text(SCRIPT % {"questions": questions, "body": body or "/dev/null/none"})
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    counted = json.loads(output.splitlines()[-1])
    return Load(
        counted["requests"] / counted["seconds"], counted["p50"], counted["p99"], counted["failed"]
    )
