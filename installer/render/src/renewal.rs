//! The certificates that are renewed while the platform runs, as the renewer reads them: one `ConfigMap` with all of them.

use airlock_model::{CertificateSpec, CertificateSubject, ObjectRef, Renewable, ServedAt, names};
use serde_json::{Value, json};

use crate::component::ComponentSpec;
use crate::context::{Shared, service_name};
use crate::rendered::RenderedComponent;
use crate::{RenderError, manifest, read_once, workload};

/// The component beside the platform's whose list is that of one Airflow deployment.
const OF_A_DEPLOYMENT: &str = "airflow-renewals";

/// Adds the list to the objects of the component that is there for it, where there is one.
pub(crate) fn publish(
    components: &mut [RenderedComponent],
    known: &[ComponentSpec],
    shared: &Shared,
    belong: impl Fn(&ComponentSpec, &mut Value) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    let (folder, name) = match &shared.tenant {
        Some(tenant) => (OF_A_DEPLOYMENT, format!("{}-{}", names::RENEWALS, tenant.name)),
        None => (names::RENEWER, names::RENEWALS.to_owned()),
    };
    let Some(spec) = known.iter().find(|spec| spec.folder == folder) else { return Ok(()) };
    let of = |component: &RenderedComponent| component.certificates.iter().filter_map(|certificate| renewable(certificate, component, components, known, shared)).collect::<Vec<_>>();
    let renewables: Vec<Renewable> = components.iter().flat_map(of).collect();
    let Some(holder) = components.iter_mut().find(|component| component.folder == folder) else { return Ok(()) };
    let text = serde_json::to_string_pretty(&renewables).map_err(RenderError::Values)?;
    let metadata = json!({ "name": name, "labels": { (names::LABEL_RENEWALS): "true", (names::LABEL_NAME): holder.name } });
    let mut list = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { (names::RENEWALS_KEY): text } });
    belong(spec, &mut list)?;
    let object = manifest::object(&holder.name, list)?;
    holder.objects.push(object);
    Ok(())
}

/// An authority is only looked at: nobody takes another one in its place who was not told to believe it.
fn renewable(certificate: &CertificateSpec, component: &RenderedComponent, components: &[RenderedComponent], known: &[ComponentSpec], shared: &Shared) -> Option<Renewable> {
    let (CertificateSubject::Server { names, .. } | CertificateSubject::Supplied { names, .. }) = &certificate.subject else {
        return Some(Renewable { certificate: certificate.clone(), restart: Vec::new(), nudge: Vec::new(), served: Vec::new() });
    };
    let declared = known.iter().find(|spec| spec.folder == component.folder)?.certificates.get(&certificate.name)?;
    let secret = certificate.object();
    let is_server = |object: &ObjectRef| matches!(object.kind.as_str(), "Deployment" | "StatefulSet");
    let mut restart = Vec::new();
    let mut nudge = Vec::new();
    for reader in components {
        for object in reader.objects.iter().filter(|object| is_server(object.reference()) && object.reference().namespace == secret.namespace) {
            if read_once(object).contains(&secret) {
                restart.push(object.reference().clone());
            } else if reader.folder == component.folder && object.pod().is_some_and(|(_, pod)| workload::references(pod).contains(&("secret", secret.name.clone()))) {
                nudge.push(reader.name.clone());
            }
        }
    }
    // Exporters beside a server present its certificate, and are there with monitoring alone.
    let is_open = |port: &u16| component.objects.iter().any(|object| object.reference().kind == "Service" && opens(object.manifest(), *port));
    let server_name = names.iter().find(|name| !name.starts_with('*')).cloned().unwrap_or_else(|| shared.base.to_string());
    let at = |port: u16| ServedAt { host: service_name(&component.name, &certificate.namespace), port, server_name: server_name.clone() };
    let served = declared.server.iter().flat_map(|server| &server.served_at).copied().filter(is_open).map(at).collect();
    Some(Renewable { certificate: certificate.clone(), restart, nudge, served })
}

fn opens(service: &Value, port: u16) -> bool {
    service["spec"]["ports"].as_array().into_iter().flatten().any(|opened| opened["port"] == port)
}
