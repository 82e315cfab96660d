#!/usr/bin/env python3
"""Writes Deployments, a file each, for the static side of `make bench`: `manifests.py FOLDER COUNT`.

One in three keeps to level restricted, one in three to nothing, the rest lies between, so that checks have something to find.
"""
import pathlib
import sys

GOOD = """
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
          resources: { requests: { cpu: 100m, memory: 64Mi }, limits: { cpu: "1", memory: 64Mi } }"""
BAD = """
          securityContext: { privileged: true }
          env: [{ name: DB_PASSWORD, value: hunter2 }]"""
FAIR = """
          resources: { limits: { cpu: "1", memory: 64Mi } }"""


def deployment(number: int) -> str:
    container = (GOOD, BAD, FAIR)[number % 3]
    pod = "\n      securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }" if number % 3 == 0 else ""
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
  namespace: shop-{number % 10}
  labels: {{ app.kubernetes.io/name: web-{number} }}
spec:
  replicas: 2
  selector: {{ matchLabels: {{ app.kubernetes.io/name: web-{number} }} }}
  template:
    metadata:
      labels: {{ app.kubernetes.io/name: web-{number} }}
    spec:
      serviceAccountName: web
      automountServiceAccountToken: false{pod}
      containers:
        - name: web
          image: registry.example.com/shop/web:1.{number}
          ports: [{{ name: http, containerPort: 8080 }}]
          readinessProbe: {{ httpGet: {{ path: /ready, port: http }} }}{container}
          volumeMounts: [{{ name: tmp, mountPath: /tmp }}]
      volumes: [{{ name: tmp, emptyDir: {{}} }}]
"""


def main() -> None:
    folder, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number:05}.yaml").write_text(deployment(number))


main()
