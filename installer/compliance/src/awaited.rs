//! Checks of the notes on compliance that are not there yet: told, so that nobody takes silence for a proof.
//!
//! The notes (`compliance.md`, section 2) number 120 checks, and 15 that may come later; what an id means there it means here.

/// A check that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Its id, which no other check takes.
    pub id: &'static str,
    /// What will be true when it passes.
    pub title: &'static str,
    /// Why it is not there.
    pub because: &'static str,
}

const READING: &str = "what it reads is not collected yet";
const COMPONENT: &str = "it comes with a component that is not installed yet";

const fn later(id: &'static str, title: &'static str, because: &'static str) -> Awaited {
    Awaited { id, title, because }
}

static AWAITED: [Awaited; 7] = [
    later("AFL-008", "administrators of the platform do not see secrets of tenants' DAGs", COMPONENT),
    later("MON-004", "failures of Airflow's tasks are told to somebody", READING),
    later("PII-002", "what was reached outside was declared", "it needs flow logs of the network plugin"),
    later("SEC-006", "secrets are changed as often as the profile asks", READING),
    later("TLS-011", "authorities of admission webhooks are in date", READING),
    later("TLS-012", "services prove to each other who they are", COMPONENT),
    later("WKL-010", "processes run as the user that was declared", READING),
];

/// All of them, by id.
pub fn awaited() -> &'static [Awaited] {
    &AWAITED
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::checks;

    /// What the notes number, group by group: 120 checks, and the 15 that may wait.
    #[rustfmt::skip]
    const NOTES: [(&str, &[u32], &[u32]); 17] = [
        ("AFL", &[1, 2, 3, 4, 5, 6, 7], &[8]),
        ("AUT", &[1, 2, 3, 4, 5, 6, 7, 8], &[]),
        ("CPL", &[1, 2], &[3]),
        ("DBS", &[1, 2, 3, 4, 5, 6, 7, 8, 9], &[]),
        ("ENC", &[1, 3, 4, 5, 6], &[2]),
        ("EVD", &[1, 2, 3], &[]),
        ("LOG", &[1, 2, 3, 4, 5], &[]),
        ("MON", &[1, 2, 3], &[4]),
        ("NET", &[1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20], &[19]),
        ("PII", &[1], &[2]),
        ("PSS", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19], &[]),
        ("RBC", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], &[12]),
        ("REG", &[1, 2, 3, 4, 5, 6], &[]),
        ("SEC", &[1, 2, 3, 4, 5, 8], &[6, 7]),
        ("TLS", &[1, 2, 3, 4, 5, 6, 8, 9, 10], &[7, 11, 12]),
        ("VUL", &[1, 2, 3], &[]),
        ("WKL", &[1, 2, 3, 4, 5, 6, 8], &[7, 9, 10]),
    ];

    fn ids(numbers: impl Fn(&(&str, &'static [u32], &'static [u32])) -> Vec<u32>) -> BTreeSet<String> {
        NOTES.iter().flat_map(|group| numbers(group).into_iter().map(|number| format!("{}-{number:03}", group.0)).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn every_check_of_the_notes_is_there_or_told_as_missing() {
        let (due, later) = (ids(|(_, due, _)| due.to_vec()), ids(|(_, _, later)| later.to_vec()));
        assert_eq!((due.len(), later.len()), (120, 15));
        let there: BTreeSet<String> = checks().iter().map(|check| check.spec().id.to_owned()).collect();
        let missing: BTreeSet<String> = awaited().iter().map(|awaited| awaited.id.to_owned()).collect();
        assert_eq!(missing.len(), awaited().len(), "no id stands twice");
        assert!(there.is_disjoint(&missing), "{:?}", there.intersection(&missing));
        let noted: BTreeSet<String> = due.union(&later).cloned().collect();
        assert_eq!(there.union(&missing).filter(|id| noted.contains(*id)).cloned().collect::<BTreeSet<_>>(), noted);
        assert!(missing.is_subset(&later), "{:?}", missing.difference(&later));
        assert!(awaited().is_sorted_by_key(|awaited| awaited.id));
    }
}
