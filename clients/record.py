#!/usr/bin/env python3
"""Records the ClientHello of a program: python3 clients/record.py FILE COMMAND...

Listens on a free port of 127.0.0.1, runs the command with {port} in its words
replaced by that port, and writes the first hello that comes to FILE. Let the
program connect to localhost, so that it names a host. `scrutineer generate
client FILE` makes the entry of the catalogue from it.
"""

import socket
import subprocess
import sys

LONGEST = 16 * 1024


def hello(connection):
    """The records that hold the first handshake message."""
    connection.settimeout(10)
    data = message = b""
    while len(data) < LONGEST:
        more = connection.recv(4096)
        if not more:
            break
        data += more
        message, rest = b"", data
        while len(rest) >= 5 and len(rest) >= 5 + int.from_bytes(rest[3:5], "big"):
            length = int.from_bytes(rest[3:5], "big")
            message, rest = message + rest[5 : 5 + length], rest[5 + length :]
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big"):
            return data[: len(data) - len(rest)]
    raise SystemExit("no ClientHello came")


def main(target, command):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        port = str(listener.getsockname()[1])
        words = [word.replace("{port}", port) for word in command]
        program = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connection, _ = listener.accept()
            with connection:
                data = hello(connection)
        finally:
            program.kill()
            program.wait()
    with open(target, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(sys.argv[1], sys.argv[2:])
