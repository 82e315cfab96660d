//! What a run will try: listed before it is agreed to, from the same steps and the same profile as the run itself.

use airlock_model::{Action, Answers, Attempt, Facts, Gate};

use crate::{PlatformError, desired, judged_by, requirements, verify};

/// What a run will try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trials {
    /// The namespace of the pods that pull.
    pub platform: String,
    /// Pools of nodes of which one node each pulls an image.
    pub pools: Vec<String>,
    /// The image that they pull.
    pub image: String,
    /// The customer's database server that is examined first.
    pub database: Option<String>,
    /// The namespace of the pods that make attempts.
    pub probes: String,
    /// The attempts of the verification.
    pub attempts: Vec<Attempt>,
}

/// What an installation by these answers will try.
pub fn trials(answers: &Answers, facts: &Facts) -> Result<Trials, PlatformError> {
    let rendered = requirements::offline(answers)?;
    let steps = desired::steps(answers, &answers.base()?, &rendered, None, Some(facts))?;
    let pull = steps.iter().find_map(|step| match &step.action {
        Action::Await(Gate::NodePull { image, pools, .. }) => Some((format!("{}/{}", image.host, image.repository), pools.keys().cloned().collect())),
        _ => None,
    });
    let (image, pools) = pull.unwrap_or_default();
    let profile = judged_by::named(answers)?;
    let database = answers.database_server().map(|server| format!("{}:{}", server.host, server.port));
    Ok(Trials { platform: answers.namespaces.platform.clone(), pools, image, database, probes: answers.namespaces.probes.clone(), attempts: verify::foreseen(answers, &profile, &facts.server)? })
}
