"""A server that nobody uses: how soon it answers, and how much memory it holds."""

import re
import socket
import time

from lab import ADDRESS, PORTS, Server, fact, main, wait_until, want

# The aim is 100 ms. A busy machine of two cores is given more before the fact counts as wrong.
ANSWER_SECONDS_MAX = 1.0
RESIDENT_KB_MAX = 20 * 1024

server = Server("idle")


def accepts(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((ADDRESS, port)) == 0


@fact("it answers on all seven ports soon after its start")
def _():
    server.start()
    server.stop()
    times = []
    for _ in range(3):
        start = time.monotonic()
        server.spawn("serve")
        for port in PORTS.values():
            while not accepts(port):
                want(not server.exited(), f"the server ended: {server.log()[-500:]}")
                want(time.monotonic() - start < 20, f"port {port} does not answer")
                time.sleep(0.001)
        times.append(time.monotonic() - start)
        if len(times) < 3:
            server.stop()
    want(min(times) < ANSWER_SECONDS_MAX, f"{min(times) * 1000:.0f} ms")
    return ", ".join(f"{t * 1000:.0f} ms" for t in times)


@fact("it holds less than 20 MB when idle")
def _():
    time.sleep(2)
    status = open(f"/proc/{server.process.pid}/status").read()
    resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])
    want(resident < RESIDENT_KB_MAX, f"{resident} kB resident")
    return f"{resident / 1024:.1f} MB"


@fact("it stops")
def _():
    server.stop()


main()
