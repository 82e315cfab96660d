//! The certificates that are renewed while the platform runs, as the renewer reads them: one `ConfigMap` with all of them.

use airlock_model::{CertificateSpec, CertificateSubject, ObjectRef, Renewable, ServedAt, names};
use serde_json::{Value, json};

use crate::component::ComponentSpec;
use crate::context::{Shared, service_name};
use crate::rendered::RenderedComponent;
use crate::{RenderError, manifest, read_once, workload};

/// Adds the list to the renewer's objects, where there is a renewer.
pub(crate) fn publish(
    components: &mut [RenderedComponent],
    known: &[ComponentSpec],
    shared: &Shared,
    belong: impl Fn(&ComponentSpec, &mut Value) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    let Some(spec) = known.iter().find(|spec| spec.name == names::RENEWER) else { return Ok(()) };
    let renewables: Vec<Renewable> = components.iter().flat_map(|component| component.certificates.iter().filter_map(|certificate| renewable(certificate, component, components, known, shared))).collect();
    let Some(renewer) = components.iter_mut().find(|component| component.name == names::RENEWER) else { return Ok(()) };
    let text = serde_json::to_string_pretty(&renewables).map_err(RenderError::Values)?;
    let mut list = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": names::RENEWALS }, "data": { (names::RENEWALS_KEY): text } });
    belong(spec, &mut list)?;
    renewer.objects.push(manifest::object(names::RENEWER, list)?);
    Ok(())
}

/// A server's certificate; authorities are made anew by the plan, since others have to be told of them.
fn renewable(certificate: &CertificateSpec, component: &RenderedComponent, components: &[RenderedComponent], known: &[ComponentSpec], shared: &Shared) -> Option<Renewable> {
    let CertificateSubject::Server { names, .. } = &certificate.subject else { return None };
    let declared = known.iter().find(|spec| spec.folder == component.folder)?.certificates.get(&certificate.name)?;
    let secret = certificate.object();
    let is_server = |object: &ObjectRef| matches!(object.kind.as_str(), "Deployment" | "StatefulSet");
    let mut restart = Vec::new();
    let mut nudge = Vec::new();
    for reader in components {
        for object in reader.objects.iter().filter(|object| is_server(object.reference()) && object.reference().namespace == secret.namespace) {
            if read_once(object).contains(&secret) {
                restart.push(object.reference().clone());
            } else if object.pod().is_some_and(|(_, pod)| workload::references(pod).contains(&("secret", secret.name.clone()))) {
                nudge.push(reader.name.clone());
            }
        }
    }
    // The database's exporter presents it, and is there with monitoring alone.
    let is_open = |port: &u16| component.objects.iter().any(|object| object.reference().kind == "Service" && opens(object.manifest(), *port));
    let served = declared.server.as_ref().and_then(|server| server.served_at).filter(is_open).map(|port| ServedAt {
        host: service_name(&component.name, &certificate.namespace),
        port,
        server_name: names.iter().find(|name| !name.starts_with('*')).cloned().unwrap_or_else(|| shared.base.to_string()),
    });
    Some(Renewable { certificate: certificate.clone(), restart, nudge, served })
}

fn opens(service: &Value, port: u16) -> bool {
    service["spec"]["ports"].as_array().into_iter().flatten().any(|opened| opened["port"] == port)
}
