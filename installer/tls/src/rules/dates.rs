//! When certificates are valid (RFC 5280 §4.1.2.5), and for how long clients want them to be.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;

use crate::Purpose;
use crate::facts::timestamp;
use crate::finding::{TlsFinding, Way, told};

const DAY: i64 = 24 * 60 * 60;
/// Time enough to have one issued by people, and time in which they no longer do.
const SOON: i64 = 30 * DAY;
const TOO_SOON: i64 = 7 * DAY;
/// CA/Browser Forum, Baseline Requirements §6.3.2.
const LONGEST_PUBLIC: i64 = 398 * DAY;
/// Apple, "Requirements for trusted certificates in iOS 13 and macOS 10.15", for every authority.
const LONGEST_PRIVATE: i64 = 825 * DAY;

/// From when on and until when, in seconds since 1970; both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Validity {
    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Self {
        Self { not_before: timestamp(certificate.validity().not_before), not_after: timestamp(certificate.validity().not_after) }
    }

    pub(crate) fn contains(self, at: Timestamp) -> bool {
        self.not_before <= at && at.as_second() <= self.not_after.as_second()
    }

    fn seconds(self) -> i64 {
        self.not_after.as_second() - self.not_before.as_second()
    }
}

/// Whether a certificate is valid at a time.
pub(crate) fn outside(certificate: &X509Certificate<'_>, at: Timestamp) -> Option<TlsFinding> {
    let validity = Validity::of(certificate);
    let whose = told(certificate);
    let finding = if validity.not_after < validity.not_before {
        let why = format!("the certificate {whose} ends before it begins: it is valid from {} to {}", validity.not_before, validity.not_after);
        TlsFinding::error("tls.validity-reversed", why, Way::Reissue, "have it issued anew; the clock of the authority may be wrong")
    } else if at < validity.not_before {
        let why = format!("the certificate {whose} is not valid before {}; here it is {at}", validity.not_before);
        TlsFinding::error("tls.not-yet-valid", why, Way::SetClock, "check the clock of this machine, of the cluster, and of whoever issued it")
    } else if !validity.contains(at) {
        let ago = (at.as_second() - validity.not_after.as_second()) / DAY;
        let why = format!("the certificate {whose} expired on {}, {} ago", validity.not_after, days(ago));
        TlsFinding::error("tls.expired", why, Way::Reissue, "have it issued anew; where it is one of an authority, get the current one from it")
    } else {
        return None;
    };
    Some(finding.about(certificate))
}

/// Whether a certificate ends soon. What lives shortly is replaced shortly before: then a part of its life counts.
pub(crate) fn ending(certificate: &X509Certificate<'_>, at: Timestamp, allowed: bool) -> Option<TlsFinding> {
    let validity = Validity::of(certificate);
    let left = validity.not_after.as_second() - at.as_second();
    if left >= SOON.min(validity.seconds() / 3) {
        return None;
    }
    let too_soon = left < TOO_SOON.min(validity.seconds() / 10) && !allowed;
    let why = format!("the certificate {} expires on {}, in {}", told(certificate), validity.not_after, days(left / DAY));
    let say = if too_soon { TlsFinding::error } else { TlsFinding::warn };
    Some(say("tls.expires-soon", why, Way::Reissue, "have it issued anew now").about(certificate))
}

/// Whether clients find the whole lifetime of a server's certificate too long.
pub(crate) fn long(leaf: &X509Certificate<'_>, purpose: Purpose) -> Option<TlsFinding> {
    let longest = match purpose {
        Purpose::Public => LONGEST_PUBLIC,
        Purpose::Private => LONGEST_PRIVATE,
    };
    let lifetime = Validity::of(leaf).seconds();
    // The last second is part of the lifetime.
    (lifetime >= longest + DAY).then(|| {
        let why = format!("the certificate {} is valid for {}; Apple's clients refuse more than {}", told(leaf), days(lifetime / DAY), days(longest / DAY));
        TlsFinding::warn("tls.lifetime-long", why, Way::Reissue, format!("have it issued for {} at most", days(longest / DAY))).about(leaf)
    })
}

fn days(count: i64) -> String {
    match count {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        _ => format!("{count} days"),
    }
}
