//! Whether the parts of a deployment fit into its own quota, with one more pod beside them: a task, the Job for the tables, or
//! the new pod of a part that is changed. Pods that a quota refuses are never made, and the run would find that out late.

use airlock_model::{Amount, Object, quantity, quantity_millis};
use airlock_render::Rendered;
use serde_json::Value;

use crate::{PlatformError, requests};

/// Compares what is asked for with what is allowed, in the deployment's namespace.
pub(super) fn check(rendered: &Rendered, namespace: &str) -> Result<(), PlatformError> {
    let objects = || rendered.components.iter().flat_map(|component| &component.objects).filter(|object| object.reference().namespace.as_deref() == Some(namespace));
    let hard = objects().filter(|object| object.reference().kind == "ResourceQuota").filter_map(|quota| quota.manifest().pointer("/spec/hard")).collect::<Vec<&Value>>();
    let parts: Vec<requests::PodRequests> = objects().filter(|object| object.reference().kind != "Job").filter_map(requests::of_object).collect();
    let largest = |a: Amount, b: Amount| Amount { cpu_millis: a.cpu_millis.max(b.cpu_millis), memory_bytes: a.memory_bytes.max(b.memory_bytes) };
    let beside = objects().filter_map(requests::of_object).map(|pod| pod.each).chain(objects().filter_map(task)).fold(Amount::default(), largest);
    let asked: Amount = parts.iter().map(|part| part.each * u64::from(part.count)).chain([beside]).sum();
    let pods: u64 = parts.iter().map(|part| u64::from(part.count)).sum::<u64>() + 1;
    for hard in hard {
        let allowed = |what: &str| hard.get(what).and_then(Value::as_str).map(str::to_owned);
        let exceeded = |what: &'static str, asked: String, allowed: &str| Err(PlatformError::Quota { what, asked, allowed: allowed.to_owned() });
        if let Some(cpu) = allowed("requests.cpu").filter(|cpu| quantity_millis(cpu).is_some_and(|most| u128::from(asked.cpu_millis) > most)) {
            return exceeded("requests.cpu", format!("{}m", asked.cpu_millis), &cpu);
        }
        if let Some(memory) = allowed("requests.memory").filter(|memory| quantity(memory).is_some_and(|most| asked.memory_bytes > most)) {
            return exceeded("requests.memory", format!("{}Mi", asked.memory_bytes >> 20), &memory);
        }
        if let Some(most) = allowed("pods").filter(|most| most.parse::<u64>().is_ok_and(|most| pods > most)) {
            return exceeded("pods", pods.to_string(), &most);
        }
    }
    Ok(())
}

/// What the pod of one task asks for, by the file that the executor makes it from.
fn task(object: &Object) -> Option<Amount> {
    let file = object.manifest().pointer("/data/pod.yaml")?.as_str()?;
    let pod: Value = serde_json::from_str(file).ok()?;
    let mut manifest = pod;
    manifest["metadata"]["name"] = "task".into();
    requests::of_object(&Object::new(manifest).ok()?).map(|pod| pod.each)
}

#[cfg(test)]
mod tests {
    use airlock_model::{AirflowDeployment, Answers, Coded as _, DeploymentQuota};
    use airlock_render::{RenderInput, TenantInput};

    use super::*;

    fn checked(quota: DeploymentQuota) -> Result<(), PlatformError> {
        let answers = Answers::of_domain("platform.test").unwrap();
        let (base, release) = (answers.base().unwrap(), airlock_render::release().unwrap());
        let name = "alpha".parse().unwrap();
        let deployment = AirflowDeployment { quota, sizing: Some(airlock_model::answers::Sizing::Tiny), ..AirflowDeployment::named(&name) };
        let tenant = Some(TenantInput { name: &name, deployment: &deployment, incarnation: None, kept: true });
        let rendered = airlock_render::render(&RenderInput { answers: &answers, base: &base, release: &release, lock: None, facts: None, installation: "abc", profile: None, tenant }).unwrap();
        check(&rendered, "airlock-alpha")
    }

    #[test]
    fn a_quota_that_the_parts_and_a_task_exceed_is_refused_by_its_line() {
        assert!(checked(DeploymentQuota::default()).is_ok());
        for (quota, words) in [
            (DeploymentQuota { cpu: Some("300m".into()), ..Default::default() }, "300m of requests.cpu, and its parts with one more pod ask for 400m"),
            (DeploymentQuota { memory: Some("1Gi".into()), ..Default::default() }, "1Gi of requests.memory"),
            (DeploymentQuota { pods: Some(4), ..Default::default() }, "4 of pods, and its parts with one more pod ask for 5"),
        ] {
            let error = checked(quota).unwrap_err();
            assert_eq!(error.code().0, "platform.quota");
            assert!(error.to_string().contains(words), "{error}");
        }
        assert!(checked(DeploymentQuota { pods: Some(5), cpu: Some("400m".into()), ..Default::default() }).is_ok());
    }
}
