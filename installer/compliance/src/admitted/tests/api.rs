//! What the API server, its controllers, and the plugins that are always on do to a pod, played after the sources that `known` names:
//! whatever the template, nothing of it is told.

use proptest::prelude::*;

use super::*;

/// As `SetDefaults_Pod` has it.
fn defaulted(pod: &mut Value) {
    let host_network = pod["spec"]["hostNetwork"] == true;
    pod["spec"]["enableServiceLinks"] = pod["spec"].get("enableServiceLinks").cloned().unwrap_or(json!(true));
    for container in containers(pod) {
        if let Some(limits) = container.pointer("/resources/limits").and_then(Value::as_object).cloned() {
            for (resource, limit) in limits {
                let requests = &mut container["resources"]["requests"];
                if requests.get(&resource).is_none() {
                    requests[resource.as_str()] = limit;
                }
            }
        }
        for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten().filter(|_| host_network) {
            if port.get("hostPort").is_none() {
                port["hostPort"] = port["containerPort"].clone();
            }
        }
        if let Some(get) = container.pointer_mut("/livenessProbe/httpGet") {
            get["protocol"] = json!("HTTP1");
        }
    }
}

fn containers(pod: &mut Value) -> impl Iterator<Item = &mut Value> {
    let spec = pod["spec"].as_object_mut().unwrap();
    spec.iter_mut().filter(|(list, _)| ["containers", "initContainers"].contains(&list.as_str())).flat_map(|(_, list)| list.as_array_mut().unwrap())
}

fn list<'a>(object: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    let list = &mut object[key];
    if list.is_null() {
        *list = json!([]);
    }
    list.as_array_mut().unwrap()
}

/// As `ServiceAccount`, Priority, `DefaultTolerationSeconds`, and `RuntimeClass` have it.
fn admitted_by_built_in_plugins(pod: &mut Value) {
    let spec = &mut pod["spec"];
    if spec.get("serviceAccountName").is_none() {
        spec["serviceAccountName"] = json!("default");
        spec["serviceAccount"] = json!("default");
    }
    if list(spec, "imagePullSecrets").is_empty() {
        list(spec, "imagePullSecrets").push(json!({ "name": "of-the-account" }));
    }
    if spec["automountServiceAccountToken"] != false {
        let sources = json!([
            { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
            { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
            { "downwardAPI": { "items": [{ "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } }] } },
        ]);
        list(spec, "volumes").push(json!({ "name": "kube-api-access-7xk2p", "projected": { "defaultMode": 420, "sources": sources } }));
        for container in containers(pod) {
            list(container, "volumeMounts").push(json!({ "name": "kube-api-access-7xk2p", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount" }));
        }
    }
    let spec = &mut pod["spec"];
    spec["priority"] = json!(0);
    spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    if spec.get("priorityClassName").is_none() {
        spec["priorityClassName"] = json!("by-default");
    }
    for taint in ["not-ready", "unreachable"] {
        let key = format!("node.kubernetes.io/{taint}");
        if !list(spec, "tolerations").iter().any(|toleration| toleration["key"] == key.as_str()) {
            list(spec, "tolerations").push(json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 }));
        }
    }
    if spec.get("runtimeClassName").is_some() {
        spec["overhead"] = json!({ "memory": "120Mi" });
        spec["nodeSelector"]["sandbox"] = json!("yes");
        list(spec, "tolerations").push(json!({ "key": "sandbox", "operator": "Exists" }));
    }
}

/// As the controller of each kind has it.
fn made_by_its_controller(maker: Maker, pod: &mut Value) {
    match maker {
        Maker::ReplicaSet => {}
        Maker::StatefulSet => {
            pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] = json!("edge-0");
            pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] = json!("0");
            pod["spec"]["hostname"] = json!("edge-0");
            pod["spec"]["subdomain"] = json!("edge");
            list(&mut pod["spec"], "volumes").retain(|volume| volume["name"] != "data");
            list(&mut pod["spec"], "volumes").insert(0, json!({ "name": "data", "persistentVolumeClaim": { "claimName": "data-edge-0" } }));
        }
        Maker::DaemonSet => {
            pod["metadata"]["labels"]["controller-revision-hash"] = json!("5c");
            let terms = json!([{ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["node1"] }] }]);
            pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"] = terms;
            for (taint, effect) in [("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"), ("memory-pressure", "NoSchedule"), ("unschedulable", "NoSchedule")] {
                let key = format!("node.kubernetes.io/{taint}");
                list(&mut pod["spec"], "tolerations").retain(|toleration| toleration["key"] != key.as_str());
                list(&mut pod["spec"], "tolerations").push(json!({ "key": key, "operator": "Exists", "effect": effect }));
            }
        }
        Maker::Job => {
            for kind in ["labels", "annotations"] {
                pod["metadata"][kind]["batch.kubernetes.io/job-completion-index"] = json!("3");
            }
            pod["spec"]["hostname"] = json!("edge-3");
            for container in containers(pod) {
                list(container, "env").push(json!({ "name": "JOB_COMPLETION_INDEX", "valueFrom": { "fieldRef": { "fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']" } } }));
            }
        }
    }
}

/// As `PrepareForCreate`, the scheduler, network plugins, and the kubelet have it.
fn stored_and_bound(pod: &mut Value) {
    let hash = pod["metadata"]["labels"]["pod-template-hash"].clone();
    let term = &mut pod["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    if term.is_array() {
        term[0]["labelSelector"]["matchExpressions"] = json!([{ "key": "pod-template-hash", "operator": "In", "values": [hash] }]);
    } else if let Some(spec) = pod["spec"].as_object_mut() {
        // To look there has made it.
        let affinity = spec["affinity"].as_object_mut().unwrap();
        affinity.remove("podAntiAffinity");
        if affinity.is_empty() {
            spec.remove("affinity");
        }
    }
    for constraint in pod["spec"].get_mut("topologySpreadConstraints").and_then(Value::as_array_mut).into_iter().flatten() {
        constraint["labelSelector"]["matchExpressions"] = json!([{ "key": "pod-template-hash", "operator": "In", "values": ["6d5f"] }]);
    }
    pod["spec"]["nodeName"] = json!("node1");
    pod["spec"].as_object_mut().unwrap().remove("schedulingGates");
    pod["spec"]["ephemeralContainers"] = json!([{ "name": "debugger", "image": "busybox" }]);
    pod["metadata"]["labels"]["topology.kubernetes.io/zone"] = json!("a");
    pod["metadata"]["annotations"]["cni.projectcalico.org/podIP"] = json!("10.0.0.1/32");
    pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"] = json!("[]");
    pod["metadata"]["annotations"][names::ANNOTATION_RENEWED] = json!("ab");
    pod["status"] = json!({ "phase": "Running" });
}

/// One of these, or nothing.
fn perhaps(key: &'static str, values: Vec<Value>) -> impl Strategy<Value = Option<(&'static str, Value)>> {
    proptest::option::of(proptest::sample::select(values).prop_map(move |value| (key, value)))
}

fn container(name: &'static str) -> impl Strategy<Value = Value> {
    let fields = (
        perhaps("resources", vec![json!({}), json!({ "limits": { "cpu": "1", "memory": "1Gi" } }), json!({ "limits": { "cpu": "1" }, "requests": { "cpu": "100m", "memory": "1Mi" } })]),
        perhaps("ports", vec![json!([{ "containerPort": 80, "protocol": "TCP" }, { "containerPort": 80, "protocol": "UDP", "name": "dns" }])]),
        perhaps("env", vec![json!([{ "name": "A", "value": "1" }, { "name": "A", "value": "2" }]), json!([])]),
        perhaps("securityContext", vec![json!({}), json!({ "privileged": true }), json!({ "capabilities": { "drop": ["ALL"] } })]),
        perhaps("livenessProbe", vec![json!({ "httpGet": { "path": "/", "port": 80, "scheme": "HTTP" }, "periodSeconds": 10 })]),
        perhaps("volumeMounts", vec![json!([{ "name": "data", "mountPath": "/data" }]), json!([{ "name": "kube-api-access-own", "mountPath": "/var/run/secrets/kubernetes.io/other" }])]),
    );
    fields.prop_map(move |(a, b, c, d, e, f)| {
        let mut made = json!({ "name": name, "image": "a" });
        for (key, value) in [a, b, c, d, e, f].into_iter().flatten() {
            made[key] = value;
        }
        made
    })
}

fn templates() -> impl Strategy<Value = Value> {
    let term = json!([{ "topologyKey": "kubernetes.io/hostname", "matchLabelKeys": ["pod-template-hash"], "labelSelector": { "matchLabels": { "app": "edge" } } }]);
    let fields = (
        perhaps("hostNetwork", vec![json!(true), json!(false)]),
        perhaps("automountServiceAccountToken", vec![json!(true), json!(false)]),
        perhaps("serviceAccountName", vec![json!("web")]),
        perhaps("imagePullSecrets", vec![json!([{ "name": "own" }]), json!([])]),
        perhaps("tolerations", vec![json!([{ "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5 }, { "key": "gpu" }])]),
        perhaps("runtimeClassName", vec![json!("gvisor")]),
        perhaps("affinity", vec![json!({ "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": term } })]),
        perhaps(
            "topologySpreadConstraints",
            vec![json!([{ "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "matchLabelKeys": ["pod-template-hash"], "labelSelector": { "matchLabels": { "app": "edge" } } }])],
        ),
        perhaps("volumes", vec![json!([{ "name": "data", "emptyDir": {} }]), json!([{ "name": "tmp", "emptyDir": {} }, { "name": "keys", "secret": { "secretName": "k" } }])]),
        perhaps("schedulingGates", vec![json!([{ "name": "quota" }])]),
        perhaps("priorityClassName", vec![json!("high")]),
        perhaps("initContainers", vec![json!([{ "name": "init", "image": "i" }])]),
    );
    (container("one"), container("two"), fields).prop_map(|(one, two, (a, b, c, d, e, f, g, h, i, j, k, l))| {
        let mut template = template();
        template["spec"]["containers"] = json!([one, two]);
        template["spec"].as_object_mut().unwrap().remove("volumes");
        for (key, value) in [a, b, c, d, e, f, g, h, i, j, k, l].into_iter().flatten() {
            template["spec"][key] = value;
            if key == "serviceAccountName" {
                template["spec"]["serviceAccount"] = json!("web");
            }
        }
        template
    })
}

proptest! {
    #[test]
    fn whatever_the_template_what_kubernetes_does_to_a_pod_is_not_told(template in templates(), maker in proptest::sample::select(Maker::ALL.to_vec())) {
        let mut pod = asked_for(maker, &template);
        made_by_its_controller(maker, &mut pod);
        defaulted(&mut pod);
        admitted_by_built_in_plugins(&mut pod);
        stored_and_bound(&mut pod);
        prop_assert_eq!(told(maker, &template, pod), Vec::<String>::new());
    }

    /// The control: one thing beside all of that is told, and it alone.
    #[test]
    fn a_sidecar_beside_all_of_it_is_told_alone(template in templates(), maker in proptest::sample::select(Maker::ALL.to_vec())) {
        let mut pod = asked_for(maker, &template);
        made_by_its_controller(maker, &mut pod);
        list(&mut pod["spec"], "containers").insert(1, json!({ "name": "mesh", "image": "m" }));
        defaulted(&mut pod);
        admitted_by_built_in_plugins(&mut pod);
        stored_and_bound(&mut pod);
        prop_assert_eq!(told(maker, &template, pod), vec!["+ container mesh: m | spec.containers[1]".to_owned()]);
    }
}
