//! RBC-009: no token of an Airflow deployment reads anything of another one, nor of the platform.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, Verdict, World, WorldDeployment};

use super::deployments;
use crate::attempts::{Bearer, Listing, foreign, outcome, words};
use crate::described::{Described, Resting};
use crate::refusal::{Reading, is_success, refused_beside};

/// What would give another deployment away.
const RESOURCES: [&str; 3] = ["secrets", "configmaps", "pods"];

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-009",
        title: "the ServiceAccounts of an Airflow deployment read nothing of other namespaces",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "In the namespace of each Airflow deployment a pod with Airlock's own image is given the token of the only ServiceAccount there that has rights, the scheduler's, and asks the Kubernetes API for the lists of Secrets, ConfigMaps, and pods of each other deployment and of the platform. Each must be answered 403 (or 401) while the pods of its own namespace are shown to it. With a token that is made for each ServiceAccount that pods of the deployment run as (ten minutes, in memory alone) the API is asked from where `airlock` runs for the list of Secrets of each of these namespaces, and for each Secret that Airlock makes there by its name: each must be answered 403 (or 401) while the API server takes the bearer for that account (SelfSubjectReview); where it takes it for somebody else, a server in front puts its own credentials in place of the token, and nothing is known of the account. 404 is no refusal: whoever may not read a Secret is not told whether it is there. Secrets of other names are not asked for by name. Of a Secret its metadata alone is asked for, and of each answer the status alone is kept.",
        remedy: "A Role or ClusterRole in the other namespace, or in the cluster, is bound to the account or to a group that it is in: `kubectl get rolebindings,clusterrolebindings -A -o wide` shows which; RBC-001 to RBC-008 name the roles that grant too much.",
    },
    expected: "403, while the account is known to the API",
    why: "code in a DAG of one deployment acts as such an account, or starts a pod that does, and would read what opens another",
};

static READING: Reading = Reading::of_requests("its own pods", is_success);

static OF_TOKENS: Reading = Reading { control: "the account itself", is_accepted: |result| matches!(result, AttemptResult::KnownAs(_)), is_let_in: reads_any, is_refused: is_refused_all };

/// The check.
pub(crate) struct AccountConfined;

impl Check for AccountConfined {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        deployments::needs(world, |deployment| {
            let in_pod = std::iter::once(Listing::own(deployment)).chain(listings(world, deployment)).map(|listing| listing.attempt(deployment));
            in_pod.chain(Bearer::all(world, deployment).flat_map(|bearer| [bearer.known(), bearer.secrets(world)])).collect::<Vec<_>>()
        })
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        deployments::findings(&TEXTS, given, |deployment| {
            let control = Listing::own(deployment).id(deployment);
            let in_pod = listings(&given.world, deployment).map(|listing| {
                let subject = format!("{} at the {} of {}", deployment.name, listing.resource, listing.namespace);
                refused_beside(&TEXTS, given, (&listing.id(deployment), &control), &READING, subject)
            });
            in_pod.chain(by_token(given, deployment)).collect::<Vec<_>>()
        })
    }
}

/// One of each account.
fn by_token(given: &Snapshot, deployment: &WorldDeployment) -> Vec<Finding> {
    let subject = |account: &str| format!("{account} of {} at the Secrets of other namespaces", deployment.name);
    let told = |bearer: Bearer<'_>| {
        let known = outcome(given, &bearer.known_id());
        if let Ok(known) = known
            && matches!(&known.result, AttemptResult::KnownAs(user) if *user.raw() != bearer.user())
        {
            let observed = format!("{}: a server in front puts its own credentials in place of the token", words(&known.result));
            return TEXTS.unverified(subject(bearer.account()), observed).tried([known]);
        }
        let judged = refused_beside(&TEXTS, given, (&bearer.secrets_id(), &bearer.known_id()), &OF_TOKENS, subject(bearer.account()));
        // One that the deployment gets when it is applied again.
        match known {
            Ok(known) if judged.verdict == Verdict::Unverified && matches!(known.result, AttemptResult::Answered { status: 404, .. }) => {
                TEXTS.not_applicable(subject(bearer.account()), Reason::NoSubject, "there is no such account so far").tried([known])
            }
            _ => judged,
        }
    };
    let found: Vec<Finding> = Bearer::all(&given.world, deployment).map(told).collect();
    if found.is_empty() { vec![TEXTS.unverified(subject("the ServiceAccounts"), "it is not known which there are")] } else { found }
}

/// What lies outside of a deployment's namespace.
fn listings<'a>(world: &'a World, of: &'a WorldDeployment) -> impl Iterator<Item = Listing<'a>> {
    foreign(world, of).flat_map(|namespace| RESOURCES.map(|resource| Listing { namespace, resource }))
}

/// Whether it was let at a Secret, be it at one that is not there: authorization is asked before that is looked up.
fn reads_any(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Statuses(answers) if answers.iter().any(|answer| matches!(answer.status, 200..300 | 404)))
}

fn is_refused_all(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Statuses(answers) if !answers.is_empty() && answers.iter().all(|answer| matches!(answer.status, 401 | 403)))
}
