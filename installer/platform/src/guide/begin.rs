//! A guided run begins: the survey, and what an earlier run or an installation left to go on from. It writes nothing.

use airlock_cluster::Cluster;
use airlock_model::{Answers, Finding};

use super::{Former, Guide, PLACEHOLDER, Source, Topic, detect, question};
use crate::{PlatformError, prepare};

/// A guided run and what was found before its first question.
pub struct Begun {
    /// The answers as they are suggested.
    pub guide: Guide,
    /// What the inspection found, the caller's rights among it.
    pub findings: Vec<Finding>,
    /// The namespace of the installation that is there.
    pub installed: Option<String>,
}

/// Looks at the cluster and begins. Kept answers go before those of an installation; those that name another cluster are refused.
pub async fn begin(cluster: &Cluster, kept: Option<Former>, namespace: Option<&str>) -> Result<Begun, PlatformError> {
    let mut scope = kept.as_ref().map_or_else(|| Answers::of_domain(PLACEHOLDER), |kept| Ok(kept.answers.clone()))?;
    if let (Some(namespace), Some(question)) = (namespace, question(Topic::Namespaces)) {
        // A name that is none is refused when the answers take it.
        let _ = (question.put)(&mut scope, namespace);
    }
    let (facts, findings) = prepare::inspect(cluster, &scope).await?;
    if let Some(kept) = &kept {
        prepare::same_cluster(&kept.answers, &facts)?;
    }
    let platform = namespace.map(str::to_owned).or_else(|| kept.is_some().then(|| scope.namespaces.platform.clone())).or_else(|| detect::namespace(&facts).value);
    let record = match &platform {
        Some(platform) => match airlock_engine::record::read(cluster, platform).await.map_err(PlatformError::from) {
            // Whoever may not read it is told so by the findings on rights.
            Err(error) if error.is_missing_right() => None,
            record => record?,
        },
        None => None,
    };
    let installed = record.as_ref().and(platform);
    let recorded = record.filter(|record| !record.answers.is_null()).map(|record| serde_json::from_value(record.answers)).transpose()?;
    let former = kept.or_else(|| recorded.map(|answers| Former { answers, domain_known: true, source: Source::Installed }));
    Ok(Begun { guide: Guide::new(facts, former)?, findings, installed })
}
