"""The 200 objects of `make bench`: 40 each of five kinds, as an administrator meets them, none of which starts a pod."""

import base64
import hashlib
import json

EACH = 40


def manifests():
    """Objects in the order in which Helm installs kinds, so that neither side sorts less."""
    for make in (network_policy, secret, config_map, service, deployment):
        for number in range(EACH):
            yield make(f"app-{number:02}")


def text(name, length):
    """Text that no two objects share and every run repeats."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return (digest * (length // len(digest) + 1))[:length]


def labels(name):
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "bench", "app.kubernetes.io/part-of": "airlock-bench", "app.kubernetes.io/version": "1.0.0"}


def named(api_version, kind, name, body):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": labels(name), "annotations": {"example.com/why": text(name + "why", 60)}}} | body


def config_map(name):
    return named("v1", "ConfigMap", name, {"data": {f"setting-{n}.conf": text(f"{name}{n}", 160) for n in range(3)}})


def secret(name):
    return named("v1", "Secret", name, {"type": "Opaque", "data": {key: base64.b64encode(text(name + key, 44).encode()).decode() for key in ("user", "password", "key")}})


def service(name):
    ports = [{"name": port, "port": number, "targetPort": port, "protocol": "TCP"} for port, number in (("https", 443), ("metrics", 9090))]
    return named("v1", "Service", name, {"spec": {"selector": labels(name), "ports": ports}})


def network_policy(name):
    def peer(other, port):
        return [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": other}}}], [{"port": port, "protocol": "TCP"}]

    sources, ports = peer("edge", 8443)
    targets, database = peer("database", 5432)
    spec = {"podSelector": {"matchLabels": labels(name)}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": sources, "ports": ports}], "egress": [{"to": targets, "ports": database}]}
    return named("networking.k8s.io/v1", "NetworkPolicy", name, {"spec": spec})


def deployment(name):
    probe = {"httpGet": {"path": "/healthz", "port": "https", "scheme": "HTTPS"}, "periodSeconds": 10}
    container = {
        "name": "app",
        "image": "registry.k8s.io/pause:3.10",
        "command": ["/pause"],
        "ports": [{"name": "https", "containerPort": 8443, "protocol": "TCP"}, {"name": "metrics", "containerPort": 9090, "protocol": "TCP"}],
        "env": [{"name": f"VARIABLE_{n}", "value": text(f"{name}env{n}", 24)} for n in range(4)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/app", "readOnly": True}],
    }
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "settings", "configMap": {"name": name}}],
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"app.kubernetes.io/name": name}}, "template": {"metadata": {"labels": labels(name)}, "spec": pod}}
    return named("apps/v1", "Deployment", name, {"spec": spec})


def write(folder):
    """The same text for both sides: `objects.yaml`, and a chart whose one template it is. JSON is YAML."""
    documents = "".join(f"---\n{json.dumps(manifest, indent=2)}\n" for manifest in manifests())
    objects, chart = folder / "objects.yaml", folder / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    objects.write_text(documents)
    (chart / "templates/objects.yaml").write_text(documents)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 1.0.0\n")
    return objects, chart
