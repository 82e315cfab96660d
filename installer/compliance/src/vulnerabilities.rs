//! VUL-001: a scanner has looked at every image that runs, lately, and named no critical fault.
//!
//! What files say that were handed over, `scan_report` reads. Of a cluster it reads the `VulnerabilityReport`s that Trivy Operator keeps in
//! the namespace of each workload. Their `artifact.digest` is the
//! digest by which the workload names its image; where it names a tag alone, it is the one that the registry gave for the tag
//! (aquasecurity/trivy-operator, `parseImageRef` in `pkg/plugins/trivy/plugin.go`; aquasecurity/trivy, `RepoDigests` in
//! `pkg/fanal/image/remote.go`). Of an image for several platforms both are the digest of its index, not of the manifest of the one
//! platform that was scanned. Older operators wrote the ID of an image that is named by tag (trivy-operator#2259), and with cached
//! lists of contents some reports have no digest (trivy-operator#2226): such a report vouches for nothing.

mod scan;
mod scan_report;

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Check, CheckSpec, Digest, Finding, Need, Profile, Reason, Severity, Snapshot, Source, Subject, World};
use jiff::Timestamp;

use crate::described::Described;
use crate::live::{self, PodOf};
use crate::parameter;
use crate::pod_images::images;

use scan::Scan;

pub use scan_report::{LARGEST_SCAN_REPORT, read_scan_report};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "VUL-001",
        title: "a fresh scan of every image names no critical fault",
        severity: Severity::High,
        promises: &["P14"],
        explanation: "Reports of Trivy Operator (VulnerabilityReport of aquasecurity.github.io/v1alpha1) in the installation's namespaces, and files that are handed over with `--scan-report FILE`: CycloneDX in JSON or SARIF 2.1.0, as Trivy and Grype write them of one image. For each image of a pod, by the digest that the pod names and the one that its node reports: a report has this very digest (names, tags, and IDs of images do not count), it is no older than VUL-001.days (7), and it neither counts nor lists a critical fault: one that the operator calls CRITICAL, that any source of a CycloneDX rates so, or that SARIF tags CRITICAL or gives a security-severity from 9.0. A report that names one fails, however old it is, and whatever is noted beside the fault. An image without a report, a scan that is older, one from the future, and a report without time or counts leave it unverified, as a cluster does that knows no such reports where no file is handed over. So do, in a file, a fault without a severity, and no fault at all where it is not Grype that says so: Trivy's is the same where it looked for none. SARIF of Trivy bears no time; it can fail and not pass. Of an image for several platforms one is scanned; what the scanner is told to leave out it does not name; whoever may write reports there, or hands over a file, is believed, and the SHA-256 of the file is the evidence. Files of objects are judged alike where reports are given with them.",
        remedy: "Take a newer release of Airlock, or build the image of a deployment on a newer base. Without a scanner in the cluster, install Trivy Operator, or scan each image by the digest that its pod names and hand over the files, with `--scan-report`: `trivy image --format cyclonedx --scanners vuln --output FILE NAME@sha256:…`, `grype --output cyclonedx-json=FILE NAME@sha256:…`; what another one says people attest, with `check: VUL-001` (docs/profiles.md). `kubectl get vulnerabilityreports --all-namespaces -o wide` lists what was scanned; a report that is wrong by now is deleted, and the operator scans anew.",
    },
    expected: "a report of this digest, no older than VUL-001.days, without a critical fault",
    why: "a fault that everybody can look up is used by whoever reaches the program",
};

const GROUP: &str = "aquasecurity.github.io";
const API_VERSION: &str = "aquasecurity.github.io/v1alpha1";
const KIND: &str = "VulnerabilityReport";
/// How many days a scan may be old.
pub(crate) const DAYS: &str = "VUL-001.days";
/// What a finding about no image in particular is about.
const IMAGES: &str = "scans of images";

pub(crate) const CHECK: &dyn Check = &Vulnerabilities;

/// The check.
struct Vulnerabilities;

impl Check for Vulnerabilities {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need(API_VERSION, KIND)]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let days = match parameter::days(profile, DAYS) {
            Ok(days) => days,
            Err(reason) => return vec![TEXTS.unverified(IMAGES, reason)],
        };
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        let reports = match live::objects(given, KIND) {
            Ok(reports) => Ok(reports.into_iter().filter(|report| report.object.group() == GROUP).collect::<Vec<_>>()),
            Err(reason) if given.scan_reports.is_empty() => return vec![TEXTS.unverified(IMAGES, reason)],
            Err(reason) => Err(reason),
        };
        if given.source == Source::Files && given.scan_reports.is_empty() && reports.as_ref().is_ok_and(Vec::is_empty) {
            return vec![TEXTS.not_applicable(IMAGES, Reason::OtherSource, "no report of a scanner was given with the files")];
        }
        // In a cluster a template runs nothing; files are what will run.
        let running = Running::of(pods.iter().filter(|pod| given.source == Source::Files || pod.at.is_empty()));
        if running.is_nothing() {
            return vec![TEXTS.unverified(live::PODS, "no pod runs")];
        }
        let mut scans: BTreeMap<Digest, Vec<Scan<'_>>> = BTreeMap::new();
        let of_objects = reports.iter().flatten().copied().filter_map(Scan::of_object);
        let of_files = given.scan_reports.iter().flat_map(Scan::of_file);
        for (digest, scan) in of_objects.chain(of_files).filter(|(digest, _)| running.digests.contains_key(digest)) {
            scans.entry(digest).or_default().push(scan);
        }
        // Files say what they say; that no object says worse is not known then.
        let unlisted = reports.err().map(|reason| TEXTS.unverified(IMAGES, reason));
        let of_digests = running.digests.iter().map(|(digest, name)| judge(subject(name), digest, scans.get(digest).map_or(&[], Vec::as_slice), given.at, days));
        let unnamed = running.unnamed.iter().map(|name| TEXTS.unverified(subject(name), "nothing tells its digest, so that no report can be found"));
        let unread = running.unread.iter().map(|pod| TEXTS.unverified(pod.object, "its containers were not given"));
        of_digests.chain(unnamed).chain(unread).chain(unlisted).collect()
    }
}

/// What some pods run.
#[derive(Default)]
struct Running<'a> {
    /// Each digest, with a name that it goes by.
    digests: BTreeMap<Digest, &'a str>,
    /// Names of images whose digest nobody tells.
    unnamed: BTreeSet<&'a str>,
    /// Pods that could not be read.
    unread: Vec<&'a PodOf<'a>>,
}

impl<'a> Running<'a> {
    fn of(pods: impl Iterator<Item = &'a PodOf<'a>>) -> Self {
        let mut running = Self::default();
        for pod in pods {
            let Some(images) = images(pod) else {
                running.unread.push(pod);
                continue;
            };
            for image in images {
                let digests = image.digests(pod.object);
                if digests.is_empty() {
                    running.unnamed.insert(image.name);
                }
                for digest in digests {
                    let name = running.digests.entry(digest).or_insert(image.name);
                    *name = image.name.min(*name);
                }
            }
        }
        running
    }

    fn is_nothing(&self) -> bool {
        self.digests.is_empty() && self.unnamed.is_empty() && self.unread.is_empty()
    }
}

/// An image by its name and tag.
fn subject(reference: &str) -> Subject {
    let name = reference.split('@').next().unwrap_or_default();
    Subject::scope(format!("image {}", if name.is_empty() { "without a name" } else { name }))
}

/// What all reports on one digest come to. The worst counts, so that a report that names nothing does not hide another.
fn judge(subject: Subject, digest: &Digest, scans: &[Scan<'_>], now: Option<Timestamp>, days: i64) -> Finding {
    let short = digest.short();
    if let Some(worst) = scans.iter().filter(|scan| scan.critical > 0).max_by_key(|scan| (scan.critical, scan.updated)) {
        return worst.cited(TEXTS.fail(subject, format!("{short} has {}", worst.faults())));
    }
    let Some(newest) = scans.iter().max_by_key(|scan| scan.updated) else {
        return TEXTS.unverified(subject, format!("no report of a scanner has the digest {short}"));
    };
    let unverified = |scan: &Scan<'_>, why: &str| scan.cited(TEXTS.unverified(subject.clone(), format!("{short}: {why}")));
    if let Some((broken, gap)) = scans.iter().find_map(|scan| Some((scan, scan.gap?))) {
        return unverified(broken, gap);
    }
    if let Some(undated) = scans.iter().find(|scan| scan.updated.is_none()) {
        return unverified(undated, "the report does not say when the image was scanned");
    }
    let (Some(now), Some(updated)) = (now, newest.updated) else {
        return unverified(newest, "nobody said what time it is, so that no scan is known to be fresh");
    };
    if newest.is_ahead_of(now) {
        unverified(newest, &format!("the report is of {updated}, which is yet to come"))
    } else if newest.is_older(now, days) {
        unverified(newest, &format!("the last scan is of {updated}, more than {days} days ago"))
    } else {
        newest.cited(TEXTS.pass(subject, format!("{short} has no critical fault by the scan of {updated}")))
    }
}

#[cfg(test)]
mod tests;
