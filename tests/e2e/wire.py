#!/usr/bin/env python3
"""Which TCP connections the pods of this node begin: source, destination, port, and port of the source, a line each, as their interfaces hand them over and no
address is translated yet. The first line says that it listens."""

import socket

SYN, ACK = 0x02, 0x10
TCP = 6
# A bridge takes what comes before who asks for IPv4 alone (packet(7), ETH_P_ALL; net/core/dev.c).
EVERYTHING, IPV4 = 0x0003, 0x0800

taker = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(EVERYTHING))
taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
print("listening", flush=True)
seen = set()
while True:
    packet, (interface, protocol, kind, *_) = taker.recvfrom(128)
    if protocol != IPV4 or kind == socket.PACKET_OUTGOING or not interface.startswith("veth") or len(packet) < 40 or packet[9] != TCP:
        continue
    segment = packet[(packet[0] & 0x0F) * 4 :]
    if len(segment) < 14 or segment[13] & (SYN | ACK) != SYN:
        continue
    ports = [int.from_bytes(segment[at : at + 2], "big") for at in (2, 0)]
    begun = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), *ports
    if begun not in seen:
        seen.add(begun)
        print(*begun, flush=True)
