"""Ports for servers that tests start."""

import socket

BELOW_WHAT_THE_KERNEL_HANDS_OUT = range(21_000, 29_000)

_claims: list[socket.socket] = []


def free_port() -> int:
    """A TCP port of loopback that no other test gets while this process lives.

    A port that the kernel chose is free again when the probe lets it go: until the server has
    started, the kernel may hand it to any client as its own end of a connection. So it is one that
    the kernel never chooses, and the UDP port of the same number is the claim on it.

    Raises:
        RuntimeError: there is none left.
    """
    for port in BELOW_WHAT_THE_KERNEL_HANDS_OUT:
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                # As servers do: what is left of a connection that has ended is in nobody's way.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise RuntimeError("no port is free")
