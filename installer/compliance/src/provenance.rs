//! REG-006: where the profile asks for it, admission refuses images that nobody vouched for.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::attempts::{Refused, Shown};
use crate::described::Described;
use crate::live;
use crate::parameter;
use crate::refusal::{Reading, refused_beside};

/// The parameter with the images.
pub(crate) const IMAGES: &str = "REG-006.images";

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "REG-006",
        title: "admission refuses images without a signature",
        severity: Severity::Medium,
        promises: &["P14"],
        explanation: "In each namespace of the installation the API server is shown, in a dry run, which stores nothing, a pod with each image that REG-006.images names: images that are not signed as the site asks for, or not at all. All must be refused, while the same pod with Airlock's own image is admitted; when that is refused as well, it is not the signature that decides, and the check is unverified. What verifies signatures is the cluster's own: a webhook of a policy engine, or a ValidatingAdmissionPolicy. Where the parameter is silent nothing is tried.",
        remedy: "Have the policy engine that verifies signatures apply to the installation's namespaces too, and fail closed: a webhook with failurePolicy Ignore, a namespace that is exempted, and a rule for other registries alone let it through. Images of Airlock's own registry have to be signed before they are asked for it.",
    },
    expected: "refused, while the same pod with Airlock's own image is admitted",
    why: "whoever may push to a registry that is allowed decides what runs",
};

/// The pods differ by their images alone, so that whoever refuses one refuses it for its image.
static READING: Reading = Reading { control: "the same pod with Airlock's own image", is_accepted: is_admitted, is_let_in: is_admitted, is_refused };

const fn is_admitted(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Admitted)
}

const fn is_refused(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::NotAdmitted { .. })
}

pub(crate) const CHECK: &dyn Check = &Provenance;

/// The check.
struct Provenance;

impl Check for Provenance {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, profile: &Profile, world: &World) -> Vec<Need> {
        let images = parameter::texts(profile, IMAGES);
        if images.is_empty() {
            return Vec::new();
        }
        let of = |namespace: &String| std::iter::once(Shown::Conforming.attempt(namespace)).chain(images.iter().map(|image| Refused(image).attempt(namespace))).collect::<Vec<_>>();
        world.namespaces.iter().flat_map(of).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let images = parameter::texts(profile, IMAGES);
        if images.is_empty() {
            return vec![TEXTS.not_applicable("images without a signature", Reason::NotAsked, format!("{IMAGES} names none"))];
        }
        let namespaces = match live::namespaces(given) {
            Ok(namespaces) => namespaces,
            Err(reason) => return vec![TEXTS.unverified("all namespaces", reason)],
        };
        let judge = |namespace: &str, image: &str| refused_beside(&TEXTS, given, (&Refused(image).id(namespace), &Shown::Conforming.id(namespace)), &READING, format!("{namespace}: {image}"));
        namespaces.iter().flat_map(|namespace| images.iter().map(|image| judge(namespace, image))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use airlock_model::{AttemptId, Outcome, Verdict};
    use jiff::Timestamp;

    use super::*;
    use crate::network::tests::profile;

    const IMAGE: &str = "registry.example.com/unsigned:1";

    fn judged(image: Option<&AttemptResult>, own: Option<&AttemptResult>) -> Vec<Verdict> {
        let world = World { namespaces: vec!["airlock".into(), "airlock-alpha".into()], ..World::default() };
        let profile = profile(serde_json::json!({ (IMAGES): [IMAGE] }));
        let mut given = Snapshot { world, ..Snapshot::default() };
        let asked: Vec<AttemptId> = CHECK.needs(&profile, &given.world).into_iter().filter_map(|need| if let Need::Attempt(attempt) = need { Some(attempt.id) } else { None }).collect();
        assert_eq!(asked.len(), 4, "an image and its control in each namespace");
        let result = |id: &AttemptId| if id.0.contains(IMAGE) { image.cloned() } else { own.cloned() };
        let outcomes: BTreeMap<AttemptId, Outcome> = asked
            .into_iter()
            .filter_map(|id| result(&id).map(|result| (id.clone(), Outcome { attempt: id, result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 0 })))
            .collect();
        given.outcomes = outcomes;
        CHECK.evaluate(&profile, &given).into_iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn a_refusal_counts_beside_an_image_that_is_admitted() {
        let (refused, admitted, failed) = (AttemptResult::NotAdmitted { message: "no signature".to_owned().into() }, AttemptResult::Admitted, AttemptResult::NotCarriedOut("503".to_owned().into()));
        let (refused, admitted, failed) = (Some(&refused), Some(&admitted), Some(&failed));
        assert_eq!(judged(refused, admitted), [Verdict::Pass; 2]);
        assert_eq!(judged(admitted, admitted), [Verdict::Fail; 2]);
        assert_eq!(judged(admitted, None), [Verdict::Fail; 2]);
        assert_eq!(judged(refused, refused), [Verdict::Unverified; 2], "everything is refused");
        assert_eq!(judged(refused, None), [Verdict::Unverified; 2]);
        assert_eq!(judged(None, admitted), [Verdict::Unverified; 2]);
        assert_eq!(judged(failed, admitted), [Verdict::Unverified; 2]);
    }

    #[test]
    fn nothing_is_tried_that_nobody_asked_for() {
        let silent = profile(serde_json::json!({}));
        assert!(CHECK.needs(&silent, &World { namespaces: vec!["airlock".into()], ..World::default() }).is_empty());
        assert_eq!(CHECK.evaluate(&silent, &Snapshot::default())[0].verdict, Verdict::NotApplicable);
        assert_eq!(CHECK.evaluate(&profile(serde_json::json!({ (IMAGES): [IMAGE] })), &Snapshot::default())[0].verdict, Verdict::Unverified, "no namespace was given");
    }
}
