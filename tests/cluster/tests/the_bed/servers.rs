//! The bed's servers run under the platform's own rules.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_bed::Bed;

use crate::images::{IMAGES, Outcome, built, images, succeed};

/// Until a pod is ready whose image the node may have to pull first.
const PATIENCE: Duration = Duration::from_secs(90);

#[test]
fn the_servers_run_as_restricted_pods_that_write_only_where_they_must() -> Outcome {
    let bed = Bed::shared()?;
    succeed(images("build").args(IMAGES))?;
    let references = built(&succeed(images("publish").args(IMAGES).env("AIRLOCK_BED", bed.folder()))?)?;
    assert_eq!(references.len(), IMAGES.len());
    let namespace = bed.namespace("images")?;
    namespace.label("pod-security.kubernetes.io/enforce=restricted")?;
    let servers = servers();
    for (name, server) in &servers {
        namespace.apply(&server.pod(name))?;
    }
    for name in servers.keys() {
        let pod = format!("pod/{name}");
        let ready = namespace.try_kubectl(["wait", "--for=condition=Ready", &pod, &format!("--timeout={}s", PATIENCE.as_secs())])?;
        assert_eq!(ready.code, Some(0), "{name}: {}\n{}", ready.stderr, namespace.try_kubectl(["logs", &pod, "--all-containers"])?.stdout);
    }
    Ok(())
}

/// A server as the platform would start it.
struct Server {
    image: &'static str,
    user: u32,
    /// What it needs before it starts, in the same image.
    before: Option<&'static str>,
    command: &'static str,
    data: &'static str,
    probe: &'static str,
}

impl Server {
    fn pod(&self, name: &str) -> String {
        let container = |name: &str, command: &str| {
            format!(
                "name: {name}, image: '{}', command: {command}, volumeMounts: [{{name: tmp, mountPath: /tmp}}, {{name: data, mountPath: {}}}], \
                 securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}",
                self.image, self.data
            )
        };
        let before = self.before.map_or_else(String::new, |command| format!("initContainers: [{{{}}}], ", container("before", command)));
        let (user, main, probe) = (self.user, container("main", self.command), self.probe);
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 0, \
             securityContext: {{runAsNonRoot: true, runAsUser: {user}, runAsGroup: {user}, fsGroup: {user}, seccompProfile: {{type: RuntimeDefault}}}}, {before}\
             containers: [{{{main}, readinessProbe: {{periodSeconds: 1, {probe}}}}}], volumes: [{{name: tmp, emptyDir: {{}}}}, {{name: data, emptyDir: {{}}}}]}}}}"
        )
    }
}

fn servers() -> BTreeMap<&'static str, Server> {
    BTreeMap::from([
        (
            "nginx",
            Server {
                image: "docker.io/nginxinc/nginx-unprivileged:1.30",
                user: 101,
                before: None,
                command: "[/usr/sbin/nginx, -g, daemon off;]",
                data: "/var/cache/nginx",
                probe: "httpGet: {path: /, port: 8080}",
            },
        ),
        (
            "registry",
            Server {
                image: "docker.io/library/registry:3.1.2",
                user: 1000,
                before: None,
                command: "[/bin/registry, serve, /etc/distribution/config.yml]",
                data: "/var/lib/registry",
                probe: "httpGet: {path: /v2/, port: 5000}",
            },
        ),
        (
            "postgres",
            Server {
                image: "docker.io/library/postgres:17",
                user: 999,
                before: Some("[/usr/lib/postgresql/17/bin/initdb, --auth=scram-sha-256, --pwfile=/etc/hostname, -D, /data/main]"),
                command: "[/usr/lib/postgresql/17/bin/postgres, -D, /data/main, -c, unix_socket_directories=/tmp]",
                data: "/data",
                probe: "exec: {command: [/usr/lib/postgresql/17/bin/pg_isready, -h, /tmp]}",
            },
        ),
        (
            "prometheus",
            Server {
                image: "quay.io/prometheus/prometheus:v3.16.0",
                user: 65534,
                before: None,
                command: "[/bin/prometheus, --config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/prometheus]",
                data: "/prometheus",
                probe: "httpGet: {path: /-/ready, port: 9090}",
            },
        ),
        (
            "alertmanager",
            Server {
                image: "quay.io/prometheus/alertmanager:v0.34.2",
                user: 65534,
                before: None,
                command: "[/bin/alertmanager, --config.file=/etc/alertmanager/alertmanager.yml, --storage.path=/alertmanager, --cluster.listen-address=]",
                data: "/alertmanager",
                probe: "httpGet: {path: /-/ready, port: 9093}",
            },
        ),
        (
            "kube-state-metrics",
            Server {
                image: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0",
                user: 65534,
                before: None,
                command: "[/kube-state-metrics, --port=8080, --telemetry-port=8081, --resources=pods]",
                data: "/data",
                probe: "httpGet: {path: /livez, port: 8080}",
            },
        ),
    ])
}
