"""Whether the part of Airflow in this pod is alive: its own heartbeat in the database, at most a minute old.

`airflow jobs check` asks the same and imports all of Airflow first, which costs seconds each time.
"""

import pathlib
import socket
import sys

import psycopg2

url = pathlib.Path("/etc/airlock/database/value").read_text().replace("postgresql+psycopg2", "postgresql", 1)
question = "SELECT count(*) FROM job WHERE job_type = %s AND hostname = %s AND state = 'running' AND latest_heartbeat > now() - interval '60 seconds'"
with psycopg2.connect(url, connect_timeout=5) as connection, connection.cursor() as cursor:
    cursor.execute(question, (sys.argv[1], socket.getfqdn()))
    alive = cursor.fetchone()[0]
print(f"{sys.argv[1]}: {alive} alive")
sys.exit(0 if alive else 1)
