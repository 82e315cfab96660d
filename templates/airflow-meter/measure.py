"""Tells Prometheus how an Airflow deployment is, by what its own database holds; counts and names, never values.

Usage: measure.py URL-OF-THE-API-SERVER
"""

import http.server
import pathlib
import socketserver
import ssl
import sys
import urllib.request

import psycopg2

# After that time a failure is history; its alert ends.
RECENT = "15 minutes"
PARTS = {"SchedulerJob": "scheduler", "DagProcessorJob": "dag-processor", "TriggererJob": "triggerer"}
HEARTBEATS = "SELECT job_type, extract(epoch FROM now() - max(latest_heartbeat)) FROM job WHERE job_type = ANY(%s) GROUP BY job_type"
TASKS = f"SELECT dag_id, task_id, count(*) FROM task_instance WHERE state = 'failed' AND end_date > now() - interval '{RECENT}' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 100"
RUNS = f"SELECT dag_id, count(*) FROM dag_run WHERE state = 'failed' AND end_date > now() - interval '{RECENT}' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 100"


def line(name: str, value: object, **labels: str) -> str:
    escaped = {key: text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for key, text in labels.items()}
    inner = ",".join(f'{key}="{text}"' for key, text in escaped.items())
    return name + ("{" + inner + "}" if inner else "") + f" {value}\n"


def database() -> str:
    url = pathlib.Path("/etc/airlock/database/value").read_text().replace("postgresql+psycopg2", "postgresql", 1)
    connection = psycopg2.connect(url, connect_timeout=3, options="-c statement_timeout=3000 -c default_transaction_read_only=on")
    try:
        with connection.cursor() as cursor:
            cursor.execute(HEARTBEATS, (list(PARTS),))
            ages = dict(cursor.fetchall())
            # A part that never had a heartbeat is as silent as one can be.
            text = "".join(line("airflow_heartbeat_age_seconds", ages.get(kind, "+Inf"), part=part) for kind, part in PARTS.items())
            cursor.execute(TASKS)
            text += "".join(line("airflow_task_failures", count, dag_id=dag, task_id=task) for dag, task, count in cursor.fetchall())
            cursor.execute(RUNS)
            return text + "".join(line("airflow_dag_run_failures", count, dag_id=dag) for dag, count in cursor.fetchall())
    finally:
        connection.close()


def is_answering(url: str) -> bool:
    context = ssl.create_default_context(cafile="/etc/airlock/internal-ca/value")
    try:
        with urllib.request.urlopen(url, timeout=3, context=context) as answer:
            return answer.status == 200
    except OSError as error:
        print(f"the api-server does not answer: {error}", file=sys.stderr, flush=True)
        return False


def measurements() -> str:
    text = line("airflow_api_server_up", int(is_answering(sys.argv[1])))
    try:
        return text + database() + line("airflow_database_up", 1)
    except psycopg2.Error as error:
        # The driver names host, role, and reason; the password never.
        print(f"the database does not answer: {error}", file=sys.stderr, flush=True)
        return text + line("airflow_database_up", 0)


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        body = {"/metrics": measurements, "/healthz": lambda: "ok\n"}.get(self.path)
        if body is None:
            self.send_error(404)
            return
        content = body().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_2
context.load_cert_chain("/etc/airlock/tls/tls.crt", "/etc/airlock/tls/tls.key")
server = Server(("", 9109), Handler)
# Who connects and says nothing keeps a thread for ten seconds, not the server.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
