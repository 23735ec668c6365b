"""What the benchmarks share: whole processes measured, and results printed and written."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import pyarrow.flight


def run(command):
    """Wall seconds and peak resident MiB of one whole process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        sys.stderr.buffer.write(said)
        sys.exit(f"{command[0]} failed with status {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_maxrss / 1024


def medians(pairs, at):
    """Of pairs of ours and the rival's runs: the median figure of each, and that of the ratios pair by pair."""
    ours, rival = (statistics.median(pair[side][at] for pair in pairs) for side in (0, 1))
    return ours, rival, statistics.median(pair[0][at] / pair[1][at] for pair in pairs)


def statement(sql):
    """The descriptor of a statement: an Any that holds a CommandStatementQuery."""

    def field(number, data):
        length, size = bytearray(), len(data)
        while size > 127:
            length.append(size & 127 | 128)
            size >>= 7
        return bytes([number << 3 | 2]) + bytes(length) + bytes([size]) + data

    name = b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery"
    return pyarrow.flight.FlightDescriptor.for_command(field(1, name) + field(2, field(1, sql.encode())))


class Results:
    """A table that is printed as it grows, and written as JSON at its end."""

    def __init__(self, name):
        self.name, self.rows = name, []

    def add(self, case, unit, ours, rival, ratio, rival_name):
        self.rows.append({"case": case, "ours": round(ours, 4), "rival": round(rival, 4), "rival_name": rival_name,
                          "unit": unit, "ratio": round(ratio, 2)})
        print(f"{case:34} {ours:9.2f} {rival:9.2f} {unit:4} {ratio:6.2f}x {rival_name}", flush=True)

    def write(self):
        out = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "bench"
        out.mkdir(parents=True, exist_ok=True)
        machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
        (out / f"{self.name}.json").write_text(json.dumps([row | machine for row in self.rows], indent=2) + "\n")
