//! How runs follow from each other, and whether the head knows them.

use std::collections::BTreeSet;

use airlock_model::{Digest, RunName};

use super::head::Head;
use super::run::JudgedRun;
use super::verified::{EvidenceFault, EvidenceFinding};

/// Of each run, in the order that they are given in, whether it follows from the one before it; none: that cannot be said.
pub(super) fn judge(runs: &[JudgedRun<'_>], head: Option<&Head>, findings: &mut Vec<EvidenceFinding>) -> Vec<Option<bool>> {
    let mut missing = BTreeSet::new();
    let mut chained = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let found = link(runs, index, &mut missing);
        let is_chained = match &found {
            Link::Good => Some(true),
            Link::Unknown => None,
            Link::Bad(..) => Some(false),
        };
        if let Link::Bad(fault, observed) = found {
            findings.push(EvidenceFinding::of_run(fault, &run.seen.folder, observed));
        }
        chained.push(is_chained);
    }
    if let Some(head) = head {
        against(runs, head, &missing, findings);
    }
    chained
}

enum Link {
    Good,
    Unknown,
    Bad(EvidenceFault, String),
}

fn link(runs: &[JudgedRun<'_>], index: usize, missing: &mut BTreeSet<RunName>) -> Link {
    let run = &runs[index];
    let (Some(name), Some((sums, _))) = (&run.name, &run.sums) else { return Link::Unknown };
    // A copy of a run has been told of as misplaced; it stands beside the original.
    let before = runs[..index].iter().rev().filter_map(|run| run.name.as_ref()).find(|before| *before != name);
    let Some((previous, listed)) = &sums.previous else {
        return match before {
            None if name.number() == 1 => Link::Good,
            _ => Link::Bad(EvidenceFault::ChainBroken, "it follows no run, and is not the first one".to_owned()),
        };
    };
    let Some(of_previous) = runs.iter().find(|run| run.name.as_ref() == Some(previous)) else {
        missing.insert(previous.clone());
        return Link::Bad(EvidenceFault::RunMissing, gap(before, previous));
    };
    let Some((_, digest)) = &of_previous.sums else { return Link::Unknown };
    if digest != listed {
        return Link::Bad(EvidenceFault::ChainBroken, format!("the list of {previous} is not the one that it was written after"));
    }
    match before.filter(|before| *before != previous) {
        Some(between) => Link::Bad(EvidenceFault::ChainBroken, format!("it follows {previous}, and {between} stands between them")),
        None if previous.number().checked_add(1) != Some(name.number()) => Link::Bad(EvidenceFault::ChainBroken, format!("it follows {previous}, and its number does not")),
        None => Link::Good,
    }
}

/// Which runs are not there: one is known by its name, those before it by their numbers.
fn gap(before: Option<&RunName>, previous: &RunName) -> String {
    let first = before.map_or(1, |before| before.number().saturating_add(1));
    match previous.number().saturating_sub(first) {
        0 => format!("{previous}, which it follows, is not there"),
        1 => format!("{previous}, which it follows, and the run before that are not there"),
        more => format!("{previous}, which it follows, and the {more} runs before that are not there"),
    }
}

/// Holds the runs against the head. What the chain has told already is not told again.
fn against(runs: &[JudgedRun<'_>], head: &Head, missing: &BTreeSet<RunName>, findings: &mut Vec<EvidenceFinding>) {
    let of = |name: &RunName| runs.iter().find(|run| run.name.as_ref() == Some(name));
    for (name, digest) in head.runs() {
        match of(name) {
            // A gap in the middle is told by the run behind it.
            None if missing.iter().any(|told| told >= name) => {}
            None => findings.push(EvidenceFinding::of_folder(EvidenceFault::RunMissing, format!("{name}, which the head knows, is not there"))),
            Some(run) => {
                if let Some((_, found)) = &run.sums
                    && found != digest
                {
                    findings.push(differs(run, found, digest));
                }
            }
        }
    }
    let known = head.last().map(|(last, _)| last);
    let beyond = runs.iter().filter(|run| run.name.as_ref().is_some_and(|name| known.is_none_or(|known| name.number() > known.number())));
    findings.extend(beyond.map(|run| EvidenceFinding::of_run(EvidenceFault::BeyondHead, &run.seen.folder, "it is newer than all that the head knows")));
}

fn differs(run: &JudgedRun<'_>, found: &Digest, known: &Digest) -> EvidenceFinding {
    EvidenceFinding::of_run(EvidenceFault::HeadDiffers, &run.seen.folder, format!("the digest of its list is {found}, and the head has {known}"))
}
