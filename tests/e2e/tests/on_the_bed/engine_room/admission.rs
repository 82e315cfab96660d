//! Attempts at the API server: what a stranger is told, and an account, and what admission says of a pod that is shown to it.

use std::time::Duration;

use airlock_bed::{BedError, eventually};
use airlock_engine::Halt;
use airlock_engine::attempts::{ProbeSite, carry_out};
use airlock_model::{ApiCaller, Attempt, AttemptAction, AttemptResult, Target, Vantage};

use super::*;

fn attempt(id: &str, action: AttemptAction) -> Attempt {
    Attempt { id: id.into(), from: Vantage::Workstation, target: Target::KubernetesApi, action, control: None, purpose: "a test".into() }
}

/// A pod that conforms to `restricted`, but for whether it may gain privileges.
fn shown(place: &Place, escalates: bool) -> AttemptAction {
    let security = json!({ "allowPrivilegeEscalation": escalates, "capabilities": { "drop": ["ALL"] }, "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } });
    AttemptAction::Admit {
        manifest: json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "shown", "namespace": place.name }, "spec": { "containers": [{ "name": "a", "image": PAUSE, "securityContext": security }] } }),
    }
}

/// The API server goes by a label or a quota a moment after it is stored; a pod is shown to it that conforms to `baseline` alone.
fn until(place: &Place, what: &str, goes: impl Fn(&Result<String, BedError>) -> bool) -> Result<(), BedError> {
    eventually(&format!("the API server goes by {what}"), Duration::from_secs(30), || {
        let made = place.bed.kubectl(["-n", &place.name, "run", "seen", "--image=none", "--dry-run=server"]);
        if goes(&made) { Ok(()) } else { Err(format!("{made:?}")) }
    })
}

async fn results(place: &Place, attempts: &[Attempt]) -> Result<Vec<AttemptResult>, Box<dyn Error>> {
    let site = ProbeSite { image: PAUSE.parse()?, deadline: Duration::from_mins(2) };
    let outcomes = carry_out(&place.cluster, attempts, &site, &Halt::new(&Stop::never(), None), &Seen::default()).await?;
    Ok(outcomes.into_iter().map(|outcome| outcome.result).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_what_the_user_is_told() -> Outcome {
    let place = Place::new("stranger").await?;
    let ask = |path: &str, caller| attempt(path, AttemptAction::AskApi { path: path.to_owned(), caller });
    let asked =
        [ask("/api", ApiCaller::User), ask("/api", ApiCaller::Stranger), ask("/livez", ApiCaller::Stranger)].map(|attempt| Attempt { id: format!("{:?}", attempt.action).as_str().into(), ..attempt });
    let statuses: Vec<Option<u16>> = results(&place, &asked).await?.into_iter().map(|result| if let AttemptResult::Answered { status, .. } = result { Some(status) } else { None }).collect();
    assert!(matches!(statuses[..], [Some(200), Some(401 | 403), Some(200)]), "{statuses:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_an_account_is_answered_as_its_roles_say_and_no_value_is_kept() -> Outcome {
    let place = Place::new("account").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?).await?;
    let in_place = |arguments: &[&str]| place.bed.kubectl([&["-n", &place.name], arguments].concat());
    in_place(&["create", "serviceaccount", "reader"])?;
    in_place(&["create", "secret", "generic", "open", "--from-literal=value=not-to-be-kept"])?;
    in_place(&["create", "role", "open", "--verb=get", "--resource=secrets", "--resource-name=open", "--resource-name=absent"])?;
    in_place(&["create", "rolebinding", "open", "--role=open", &format!("--serviceaccount={}:reader", place.name)])?;
    let reader = format!("--as=system:serviceaccount:{}:reader", place.name);
    eventually("the API server goes by the binding", Duration::from_secs(30), || in_place(&["auth", "can-i", "get", "secrets/open", &reader]))?;

    let account = |name: &str| ObjectRef::namespaced("v1", "ServiceAccount", &place.name, name);
    let of = BTreeMap::from([(place.name.clone(), ["open", "absent", "other"].map(str::to_owned).into())]);
    let read = |id: &str, name: &str| attempt(id, AttemptAction::ReadSecrets { account: account(name), of: of.clone() });
    let known = attempt("known", AttemptAction::Identify { account: account("reader") });
    let told = results(&place, &[known, read("read", "reader"), read("nobody", "nobody")]).await?;
    let [AttemptResult::KnownAs(user), AttemptResult::Statuses(answers), AttemptResult::NotCarriedOut(_)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*user.raw(), format!("system:serviceaccount:{}:reader", place.name));
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [403, 200, 404, 403], "the list, and each by name: {answers:?}");
    assert!(!format!("{told:?}").contains("not-to-be-kept") && !format!("{told:?}").contains("bm90LXRvLWJlLWtlcHQ"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn admission_refuses_by_the_level_and_stores_nothing() -> Outcome {
    let place = Place::new("admission").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?).await?;
    let pods = [attempt("conforming", shown(&place, false)), attempt("forbidden", shown(&place, true))];
    let audit = place.bed.audit()?;
    let told = results(&place, &pods).await?;
    assert!(matches!(&told[..], [AttemptResult::Admitted, AttemptResult::NotAdmitted { message }] if message.raw().contains("violates PodSecurity \"restricted:")), "{told:?}");
    place.bed.kubectl(["label", "namespace", &place.name, "--overwrite", "pod-security.kubernetes.io/enforce=baseline"])?;
    until(&place, "the level", Result::is_ok)?;
    let told = results(&place, &pods).await?;
    assert_eq!(told, [AttemptResult::Admitted, AttemptResult::Admitted]);
    place.bed.kubectl(["-n", &place.name, "create", "quota", "none", "--hard=pods=0"])?;
    until(&place, "the quota", |made| made.as_ref().err().is_some_and(|error| error.to_string().contains("quota")))?;
    let told = results(&place, &pods).await?;
    assert!(told.iter().all(|result| matches!(result, AttemptResult::NotAdmitted { message } if message.raw().contains("quota"))), "{told:?}");
    let pods_made = place.writes(audit.entries()?).into_iter().filter(|write| format!("{write:?}").contains("pods")).count();
    assert_eq!(pods_made, 0);
    Ok(())
}
