//! The company's Prometheus watches the platform: its operator's kinds as released, objects that the API server takes (every apply asks for
//! strict validation) and finds by the very selectors, and policies that let its pods in and nobody else.

use std::time::Duration;

use airlock_bed::{Bed, eventually};
use airlock_e2e::{Airflow, Site};

use super::kinds::Kinds;
use crate::auditing;
use crate::bad_input::{Expected, assert_refused};

/// The company's side: the operator's kinds, and a namespace with `Prometheus` objects.
struct Company<'a> {
    site: &'a Site,
    namespace: String,
    _kinds: Kinds<'a>,
}

impl<'a> Company<'a> {
    fn new(site: &'a Site) -> Self {
        let kinds = Kinds::make(&site.bed, "monitoring.coreos.com", &["podmonitors", "prometheuses", "prometheusrules", "servicemonitors"]);
        let company = Self { site, namespace: format!("{}-watchers", site.name), _kinds: kinds };
        site.bed.kubectl(["delete", "namespace", &company.namespace, "--ignore-not-found", "--wait=true"]).expect("kubectl");
        site.bed.kubectl(["create", "namespace", &company.namespace]).expect("a namespace");
        company
    }

    fn runs(&self, name: &str, spec: &str) {
        let manifest = format!("{{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {{name: {name}, namespace: {}}}, spec: {spec}}}", self.namespace);
        self.site.bed.apply(&manifest).expect("a Prometheus object");
    }

    /// A pod with these labels in the company's namespace, which does nothing by itself.
    fn pod(&self, name: &str, labels: &str) {
        let manifest = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {}, labels: {{{labels}}}}}, spec: {{terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, \
             containers: [{{name: client, image: \"ghcr.io/airlock-platform/bed-client:1\", command: [/client], args: [sleep]}}]}}}}",
            self.namespace
        );
        let applied = || self.site.bed.apply(&manifest);
        eventually("the account of the namespace", Duration::from_secs(20), applied).expect("a pod");
        self.site.bed.kubectl(["-n", &self.namespace, "wait", "--for=condition=Ready", &format!("pod/{name}"), "--timeout=60s"]).expect("a pod that runs");
    }

    fn reaches(&self, pod: &str, host: &str, port: &str) -> bool {
        self.site.bed.try_kubectl(["-n", &self.namespace, "exec", pod, "--", "/client", "connect", host, port]).expect("kubectl").code == Some(0)
    }
}

impl Drop for Company<'_> {
    fn drop(&mut self) {
        let _ = self.site.bed.kubectl(["delete", "namespace", &self.namespace, "--ignore-not-found", "--wait=false"]);
    }
}

fn answers(site: &Site, further: &str) -> std::path::PathBuf {
    site.whole_answers(&format!("components: {{ monitoring: {{ mode: existing }} }}\n{further}"))
}

pub(crate) fn the_companys_prometheus_is_told_of_the_platform(bed: &Bed) {
    let site = Site::on(bed.clone(), "joined");
    let company = Company::new(&site);
    super::furnished::the_survey_finds_what_others_have_installed(&site);
    let refused = |case: &str, further: &str, told: &str| {
        let audit = site.audit();
        let run = site.install(&answers(&site, further));
        assert_refused(&site, case, &run, &Expected { exit: 3, first_line: "error[platform.blocked]: PRM-001 (Prometheus of the company) blocks the run; nothing was written" });
        assert!(run.said().contains(told), "{case}: {}", run.said());
        assert_eq!(audit.writes(), [], "{case}");
    };
    let id = |name: &str| format!("{}/{name}", company.namespace);
    let choice = |name: &str| format!("network: {{ peers: {{ prometheus: {} }} }}\n", id(name));

    refused("no Prometheus at all", "", "no Prometheus object");
    let selector = "{matchLabels: {release: stack}}";
    let namespaces = "{matchLabels: {watched-by: stack}}";
    company.runs("takes", &format!("{{serviceMonitorSelector: {selector}, serviceMonitorNamespaceSelector: {namespaces}, ruleSelector: {selector}, ruleNamespaceSelector: {namespaces}}}"));
    company.runs("keeps-to-itself", "{serviceMonitorSelector: {}, podMonitorSelector: {}, ruleSelector: {}}");
    refused("two and no choice", "", &format!("there are several, {}, {}", id("keeps-to-itself"), id("takes")));
    refused("one that is not there", &choice("other"), &format!("there is no {}", id("other")));
    refused("one that looks in its own namespace alone", &choice("keeps-to-itself"), "its own namespace alone");

    let answers = answers(&site, &choice("takes"));
    site.installed(&answers);
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
    what_is_told_is_found_by_the_selectors(&site);
    its_pods_are_let_in_and_nobody_else(&site, &company);
    a_deployment_is_told_of_and_its_meter_lets_it_in(&site, &company);
    monitors_that_select_nothing_are_told(&site);
    one_that_takes_pods_alone_is_told_by_pod_monitors(&site, &company, &choice("pods"));
    assert_eq!(monitored(&site, 0), [("targets of Prometheus".to_owned(), "warn".to_owned())], "monitors of pods select as well");
    the_auditor_reads_what_the_operator_reads(&site, &choice("pods"));
    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]).expect(0).json();
    let verdict = report["findings"].as_array().expect("findings").iter().find(|finding| finding["check"] == "MON-003").expect("MON-003");
    assert_eq!(verdict["verdict"], "warn", "{verdict}");
    site.run(&["deployment", "delete", "alpha", "--namespace", &site.name, "--yes"]).expect(0);
    assert!(!site.kubectl(&["get", "podmonitors", "-o", "name"]).contains("airflow-target"), "what is gone is not told of");
    site.run(&["uninstall", "--namespace", &site.name, "--yes", "--delete-data"]).expect(0);
    let left = site.bed.kubectl(["get", "servicemonitors,podmonitors,prometheusrules", "-A", "-o", "name"]).expect("kubectl");
    assert_eq!(left, "", "nothing stays");
}

/// The API server judges the selectors as the operator would have it do.
fn what_is_told_is_found_by_the_selectors(site: &Site) {
    let namespaces = site.bed.kubectl(["get", "namespaces", "-l", "watched-by=stack", "-o", "jsonpath={.items[*].metadata.name}"]).expect("kubectl");
    assert_eq!(namespaces, site.name);
    let found = |kind: &str| site.kubectl(&["get", kind, "-l", "release=stack", "-o", "jsonpath={.items[*].metadata.name}"]);
    assert_eq!(found("servicemonitors"), "certificate-meter database database-volume kube-state-metrics registry-volume");
    assert_eq!(found("prometheusrules"), "airlock-airflow airlock-audits airlock-certificates airlock-database airlock-monitoring airlock-platform airlock-volumes");
    for monitor in found("servicemonitors").split(' ') {
        let of = |path: &str| site.kubectl(&["get", "servicemonitor", monitor, "-o", &format!("jsonpath={{{path}}}")]);
        let (component, port) = (of(r".spec.selector.matchLabels.app\.kubernetes\.io/name"), of(".spec.endpoints[0].port"));
        let slices = site.kubectl(&["get", "endpointslices", "-l", &format!("app.kubernetes.io/name={component}"), "-o", "jsonpath={.items[*].ports[*].name}"]);
        assert!(slices.split(' ').any(|name| name == port), "{monitor}: there is no port {port} among {slices}");
        for key in ["username", "password"] {
            let named = |field: &str| of(&format!(".spec.endpoints[0].basicAuth.{key}.{field}"));
            let value = site.kubectl(&["get", "secret", &named("name"), "-o", &format!("jsonpath={{.data.{}}}", named("key"))]);
            assert!(!value.is_empty(), "{monitor}: no {key}");
        }
    }
}

/// In the platform's namespace stands what names the deployment's meter, which asks for no password: policies are what keeps others out.
fn a_deployment_is_told_of_and_its_meter_lets_it_in(site: &Site, company: &Company<'_>) {
    let _turn = crate::airflow();
    site.run(&["deployment", "create", "alpha", "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    // Pods do not resolve the base domain here, and need not.
    let airflow = Airflow::new(site, "alpha");
    assert_eq!(airflow.run(&airflow.first_login(), "airlock_example", &serde_json::json!({})), "success");
    let of = |path: &str| site.kubectl(&["get", "servicemonitor", "airflow-target-alpha", "-o", &format!("jsonpath={{{path}}}")]);
    assert_eq!((of(".metadata.labels.release"), of(".spec.namespaceSelector.matchNames[*]")), ("stack".to_owned(), site.tenant("alpha")));
    let (component, port) = (of(r".spec.selector.matchLabels.app\.kubernetes\.io/name"), of(".spec.endpoints[0].port"));
    let slices = site.bed.kubectl(["-n", &site.tenant("alpha"), "get", "endpointslices", "-l", &format!("app.kubernetes.io/name={component}"), "-o", "jsonpath={.items[*].ports[*].name}"]);
    assert_eq!(slices.expect("kubectl"), port);
    let meter = format!("airflow-meter.{}.svc", site.tenant("alpha"));
    assert!(company.reaches("prometheus-takes-0", &meter, "9109"), "the company's Prometheus is not let in");
    assert!(!company.reaches("prometheus-other-0", &meter, "9109"), "the meter is open to others");
}

/// One whose labels nobody bears, one whose port nobody has, and a deployment's that is gone.
fn monitors_that_select_nothing_are_told(site: &Site) {
    let warned = [("targets of Prometheus".to_owned(), "warn".to_owned())];
    assert_eq!(monitored(site, 0), warned, "which of them answer is not known");
    let of = |name: &str, component: &str, port: &str| {
        let spec = serde_json::json!({ "selector": { "matchLabels": { "app.kubernetes.io/name": component } }, "endpoints": [{ "port": port }] });
        let monitor = serde_json::json!({ "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": { "name": name, "namespace": site.name }, "spec": spec });
        site.bed.apply(&monitor.to_string()).expect("a monitor");
    };
    of("nobody", "nobody", "https");
    of("nowhere", "registry", "metrics");
    site.kubectl(&["delete", "servicemonitors", "airflow-target-alpha"]);
    let told = monitored(site, 7);
    site.kubectl(&["delete", "servicemonitors", "nobody", "nowhere"]);
    site.run(&["deployment", "create", "alpha", "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    assert_eq!(told, ["deployment alpha", "nobody", "nowhere"].map(|name| (name.to_owned(), "fail".to_owned())));
    assert_eq!(monitored(site, 0), warned);
}

fn monitored(site: &Site, exit: i32) -> Vec<(String, String)> {
    site.told("MON-001", &[], exit).into_iter().map(|told| (told.subject, told.verdict)).collect()
}

/// Monitors and rules, in each namespace of the installation.
fn the_auditor_reads_what_the_operator_reads(site: &Site, choice: &str) {
    let (auditor, evidence) = auditing::answers(site, "sink: folder");
    let answers = site.whole_answers(&format!("components: {{ monitoring: {{ mode: existing }}, {auditor} }}\n{evidence}profile: {{ ref: soc2 }}\n{choice}"));
    // The profile asks for more than this cluster has; what is installed is whole all the same.
    site.install(&answers).expect(7);
    site.run(&["deployment", "create", "alpha", "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    let audit = auditing::result(site, "watched");
    let verdict = |id: &str| auditing::verdict(&audit["report"], id);
    assert_eq!([verdict("MON-001"), verdict("MON-002")], ["warn", "pass"], "{audit}");
}

/// The next install tells another Prometheus, which selects no services.
fn one_that_takes_pods_alone_is_told_by_pod_monitors(site: &Site, company: &Company<'_>, choice: &str) {
    let (selector, namespaces) = ("{matchLabels: {release: pods}}", "{matchLabels: {watched-by: pods}}");
    company.runs("pods", &format!("{{podMonitorSelector: {selector}, podMonitorNamespaceSelector: {namespaces}, ruleSelector: {selector}, ruleNamespaceSelector: {namespaces}}}"));
    let told = site.install(&answers(site, choice)).expect(0);
    assert!(told.stderr.contains("would make these Airflow deployments otherwise now: alpha"), "{}", told.stderr);
    site.run(&["deployment", "create", "alpha", "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    let found = |kind: &str| site.kubectl(&["get", kind, "-o", r"jsonpath={range .items[*]}{.metadata.name}={.metadata.labels.release} {end}"]);
    assert_eq!(found("servicemonitors"), "");
    assert_eq!(found("podmonitors"), "airflow-target-alpha=pods certificate-meter=pods database=pods database-volume=pods kube-state-metrics=pods registry-volume=pods ");
    assert!(found("prometheusrules").split_terminator(' ').all(|rule| rule.ends_with("=pods")), "{}", found("prometheusrules"));
    for monitor in ["certificate-meter", "kube-state-metrics", "registry-volume"] {
        let of = |path: &str| site.kubectl(&["get", "podmonitor", monitor, "-o", &format!("jsonpath={{{path}}}")]);
        let (component, port) = (of(r".spec.selector.matchLabels.app\.kubernetes\.io/name"), of(".spec.podMetricsEndpoints[0].port"));
        let ports = site.kubectl(&["get", "pods", "-l", &format!("app.kubernetes.io/name={component}"), "-o", "jsonpath={.items[*].spec.containers[*].ports[*].name}"]);
        assert!(ports.split(' ').any(|name| name == port), "{monitor}: there is no port {port} among {ports}");
    }
}

fn its_pods_are_let_in_and_nobody_else(site: &Site, company: &Company<'_>) {
    company.pod("prometheus-takes-0", "app.kubernetes.io/name: prometheus, operator.prometheus.io/name: takes");
    company.pod("prometheus-other-0", "app.kubernetes.io/name: prometheus, operator.prometheus.io/name: other");
    let targets = [("kube-state-metrics", "8443"), ("certificate-meter", "9101"), ("registry", "9102")];
    let host = |name: &str| format!("{name}.{}.svc", site.name);
    for (name, port) in targets {
        let reached = || if company.reaches("prometheus-takes-0", &host(name), port) { Ok(()) } else { Err(format!("{name}:{port} is out of reach")) };
        eventually("the company's Prometheus is let in", Duration::from_mins(1), reached).unwrap_or_else(|error| panic!("{error}"));
        assert!(!company.reaches("prometheus-other-0", &host(name), port), "{name}:{port} is open to others");
    }
    assert!(!company.reaches("prometheus-takes-0", &host("registry"), "5000"), "it is let in to what measures alone");
}
