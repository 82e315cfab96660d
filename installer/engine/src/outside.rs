//! How somebody outside is reached: through the company's proxy where the answers name one, and believed by their authorities, too.

use airlock_cluster::Cluster;
use airlock_model::answers::Answers;
use airlock_model::{OpenWay, Secret, WayOut};
use airlock_registry::RegistryOptions;

use crate::ApplyError;
use crate::action::obtain::authorities;
use crate::recipe::referred;
use crate::secret_text::secret_text;

/// The way to registries from this workstation, before anything of it is in the cluster.
pub fn registries(answers: &Answers) -> Result<RegistryOptions, ApplyError> {
    let open = |way: WayOut| {
        let password = answers.network.proxy.password.as_deref().map(referred::read).transpose()?;
        Ok::<_, ApplyError>(OpenWay { way, password: password.map(|value| Secret::new(String::from_utf8_lossy(value.expose()).into_owned())) })
    };
    let authorities_pem = (!answers.trust.ca.is_empty()).then(|| authorities(&answers.trust.ca)).transpose()?;
    Ok(RegistryOptions { authorities_pem, and_system: true, way_out: WayOut::of(answers).map(open).transpose()?, ..RegistryOptions::default() })
}

/// A way with its password, as the cluster keeps it.
pub(crate) async fn opened(cluster: &Cluster, way: &WayOut) -> Result<OpenWay, ApplyError> {
    let password = match &way.password {
        Some(at) => Some(secret_text(cluster, at).await?),
        None => None,
    };
    Ok(OpenWay { way: way.clone(), password })
}
