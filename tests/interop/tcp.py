#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP transfer of one file: `receive FILE PORT` or `send FILE ADDRESS PORT`."""
import socket
import sys
import time


def receive(path, port):
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    with socket.create_server(("", port), family=family, dualstack_ipv6=both) as server:
        server.settimeout(15)
        peer, _ = server.accept()
        with peer, open(path, "wb") as out:
            peer.settimeout(15)
            while data := peer.recv(65536):
                out.write(data)


def send(path, address, port):
    last = None
    for _ in range(40):  # the receiver may be just starting
        try:
            with socket.create_connection((address, port), timeout=15) as peer, open(path, "rb") as f:
                peer.sendall(f.read())
                peer.shutdown(socket.SHUT_WR)
                peer.recv(1)
                return
        except ConnectionRefusedError as error:
            last = error
            time.sleep(0.05)
    raise last


if sys.argv[1] == "receive":
    receive(sys.argv[2], int(sys.argv[3]))
else:
    send(sys.argv[2], sys.argv[3], int(sys.argv[4]))
