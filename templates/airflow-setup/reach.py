"""Waits until the database answers: until the policies know a new pod, its connections are blocked."""

import pathlib
import time

import psycopg2

url = pathlib.Path("/etc/airlock/database/value").read_text().replace("postgresql+psycopg2", "postgresql", 1)
end = time.monotonic() + 90
while True:
    try:
        psycopg2.connect(url, connect_timeout=5).close()
        break
    except psycopg2.OperationalError:
        if time.monotonic() > end:
            raise
        time.sleep(1)
