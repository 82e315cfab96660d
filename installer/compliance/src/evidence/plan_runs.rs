//! Which plans were carried out in a time, as runs of an evidence folder found their journals, and where more may have been.
//!
//! A namespace keeps its last journals alone ([`JOURNALS_KEPT`]), and the oldest go first. So two runs that found one and the same
//! journal have found all that began between them; where they found none in common, nobody knows. All runs of the folder are
//! read: one that was written after the time knows best what happened at its end.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::names::JOURNALS_KEPT;
use airlock_model::{EvidenceSubject, Fact, PlanRun, RunName, Untrusted};
use jiff::Timestamp;
use serde::Serialize;

use super::{Span, Verification};

const NOBODY_LOOKED: &str = "no run that counts judged an installation";
const NONE_LATER: &str = "no later run has looked";
const PRUNED: &str = "the journals that are kept all began since";
const TAKEN_OUT: &str = "the journals that were seen before are gone";
const REMOVED: &str = "the namespace is no longer one of the installation, and its journals went with it";

/// A plan that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CarriedOut {
    /// The platform's namespace, or that of an Airflow deployment.
    pub namespace: Untrusted<String>,
    /// What its journal said when it was seen last.
    #[serde(flatten)]
    pub plan_run: PlanRun,
    /// The run of the folder that saw it then.
    pub seen: RunName,
}

/// A time in which more plans may have been carried out than are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unaccounted {
    /// Where; empty: anywhere.
    pub namespaces: Vec<Untrusted<String>>,
    /// From this run on; null: from the beginning of the time.
    pub after: Option<RunName>,
    /// To this run; null: to its end.
    pub before: Option<RunName>,
    /// Why nobody knows.
    pub why: Untrusted<String>,
}

/// A run that judged an installation, and what it knows of plans.
struct Look<'a> {
    run: &'a RunName,
    installation: &'a str,
    platform: &'a str,
    found: &'a Fact<BTreeMap<String, Fact<Vec<PlanRun>>>>,
}

/// The plans that were begun in a time, by when they began, each once.
pub(super) fn carried_out(span: Span, verification: &Verification) -> Vec<CarriedOut> {
    let mut last: BTreeMap<(&str, &str), CarriedOut> = BTreeMap::new();
    for look in looks(verification) {
        for (namespace, plan_runs) in look.found.known().into_iter().flatten() {
            for plan_run in plan_runs.known().into_iter().flatten() {
                let told = CarriedOut { namespace: namespace.as_str().into(), plan_run: plan_run.clone(), seen: look.run.clone() };
                // A later run may know the end.
                last.insert((namespace.as_str(), plan_run.run.raw()), told);
            }
        }
    }
    let mut told: Vec<CarriedOut> = last.into_values().filter(|one| (span.from..=span.to).contains(&one.plan_run.started)).collect();
    told.sort_by(|a, b| (a.plan_run.started, &a.namespace).cmp(&(b.plan_run.started, &b.namespace)));
    told
}

/// Where more may have been carried out in that time.
pub(super) fn unaccounted(span: Span, verification: &Verification) -> Vec<Unaccounted> {
    let mut installations: BTreeMap<&str, Vec<Look<'_>>> = BTreeMap::new();
    for look in looks(verification) {
        installations.entry(look.installation).or_default().push(look);
    }
    if installations.is_empty() {
        return vec![Unaccounted { namespaces: Vec::new(), after: None, before: None, why: NOBODY_LOOKED.into() }];
    }
    let mut told: Vec<Unaccounted> = Vec::new();
    for looks in installations.values() {
        let namespaces: BTreeSet<&str> = looks.iter().flat_map(|look| std::iter::once(look.platform).chain(look.found.known().into_iter().flat_map(BTreeMap::keys).map(String::as_str))).collect();
        for namespace in namespaces {
            for one in of_namespace(span, namespace, looks) {
                match told.iter_mut().find(|told| (&told.after, &told.before, &told.why) == (&one.after, &one.before, &one.why)) {
                    Some(same) => same.namespaces.extend(one.namespaces),
                    None => told.push(one),
                }
            }
        }
    }
    told.sort_by(|a, b| (&a.after, &a.namespaces).cmp(&(&b.after, &b.namespaces)));
    told
}

/// The runs that judged an installation, in their order. One that is not believed shows nothing.
fn looks(verification: &Verification) -> impl Iterator<Item = Look<'_>> {
    verification.runs.iter().filter(|run| verification.believes(run)).filter_map(|run| match (&run.run, &run.judged) {
        (Some(name), Some(EvidenceSubject::Installation { id, namespace, plan_runs, .. })) => Some(Look { run: name, installation: id, platform: namespace, found: plan_runs }),
        _ => None,
    })
}

/// Up to where it is known what was carried out.
#[derive(Clone, Copy)]
enum Known<'a> {
    /// Nothing is.
    Nothing,
    /// To this run, which found these journals.
    To(&'a RunName, &'a [PlanRun]),
    /// To this run, when there was no such namespace.
    Absent(&'a RunName),
}

impl Known<'_> {
    fn run(self) -> Option<RunName> {
        match self {
            Self::Nothing => None,
            Self::To(run, _) | Self::Absent(run) => Some(run.clone()),
        }
    }

    /// Why these journals do not tell of all that was carried out since; none: they do.
    fn falls_short(self, journals: &[PlanRun], from: Timestamp) -> Option<&'static str> {
        let are_all = journals.len() < JOURNALS_KEPT;
        let is_told = match self {
            Self::Nothing => are_all || journals.iter().any(|journal| journal.started <= from),
            Self::To(_, []) | Self::Absent(_) => are_all,
            Self::To(_, before) => journals.iter().any(|journal| before.iter().any(|known| known.run == journal.run)),
        };
        (!is_told).then_some(if are_all { TAKEN_OUT } else { PRUNED })
    }
}

fn of_namespace(span: Span, namespace: &str, looks: &[Look<'_>]) -> Vec<Unaccounted> {
    let mut told = Vec::new();
    let mut tell = |after: Option<RunName>, before: Option<&RunName>, why: &str| {
        let overlaps = after.as_ref().is_none_or(|run| run.at() < span.to) && before.is_none_or(|run| run.at() > span.from);
        if overlaps {
            told.push(Unaccounted { namespaces: vec![namespace.into()], after, before: before.cloned(), why: why.into() });
        }
    };
    let mut known = Known::Nothing;
    // Why the last runs could not look.
    let mut unread: Option<&str> = None;
    for look in looks {
        let found = match look.found {
            Fact::Known(found) => found.get(namespace),
            Fact::Unverified(why) => {
                // It names no deployment, and so says nothing of one that nobody has seen yet.
                if namespace == look.platform || matches!(known, Known::To(..)) {
                    unread = Some(why);
                }
                continue;
            }
        };
        match found {
            Some(Fact::Unverified(why)) => unread = Some(why),
            Some(Fact::Known(journals)) => {
                if let Some(why) = known.falls_short(journals, span.from) {
                    tell(known.run(), Some(look.run), unread.unwrap_or(why));
                }
                (known, unread) = (Known::To(look.run, journals), None);
            }
            None => {
                if matches!(known, Known::To(..)) || unread.is_some() {
                    tell(known.run(), Some(look.run), REMOVED);
                }
                (known, unread) = (Known::Absent(look.run), None);
            }
        }
    }
    match (known, unread) {
        (Known::Absent(_), None) => {}
        (_, unread) => tell(known.run(), None, unread.unwrap_or(NONE_LATER)),
    }
    told
}

#[cfg(test)]
mod tests;
