//! Why a Certificate of cert-manager is not ready: its conditions say (cert-manager.io/v1, `CertificateStatus`).

use airlock_model::LiveObject;
use serde_json::Value;

use super::{Cause, Patience, one_line};
use crate::readiness::present_condition;

/// Its controller looks at a new object at once; one that has not by then does not run.
const NOBODY: Patience = Patience::seconds(90);

pub(super) fn cause(live: &LiveObject) -> Cause {
    let words = |condition: &Value| one_line(condition["message"].as_str().filter(|words| !words.is_empty()).or_else(|| condition["reason"].as_str()).unwrap_or("it does not say why"));
    let issuing = present_condition(&live.manifest, "Issuing");
    // It tries again after an hour, and after longer with each failure; nobody waits here for that.
    if let Some(failed) = issuing.filter(|condition| condition["status"] == "False" && condition["reason"] == "Failed") {
        let next = format!("cert-manager tries again within hours, or at once by `cmctl renew {}`", live.object.name);
        return Cause::new("certificate-refused", Patience::NONE, format!("the issuer has refused it: {}; {next}", words(failed)));
    }
    match present_condition(&live.manifest, "Ready").or(issuing) {
        Some(condition) => Cause::new("certificate", Patience::AsLongAsItMoves, format!("it is not issued yet: {}", words(condition))),
        None => Cause::new("certificate-silent", NOBODY, "cert-manager has said nothing about it; its controller does not run, or does not look at this namespace"),
    }
}
