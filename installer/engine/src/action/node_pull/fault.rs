//! Why a node could not pull, read from the kubelet's message. Runtimes word it with the errors of Go's standard library.

/// The kinds of reasons that lead to different work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The node does not trust the authority.
    Trust,
    /// The node cannot resolve the host.
    Name,
    /// The registry refuses the pull secret.
    Refused,
    /// Anything else: no connection, no such image.
    Other,
}

/// A fault and the words it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(super) fault: Fault,
    pub(crate) message: String,
}

impl Seen {
    /// The end of the message, where the reason stands; what comes before repeats the image at every layer.
    pub(super) fn reason(&self) -> &str {
        const BEGINNINGS: [&str; 3] = ["tls: failed", "x509:", "dial tcp"];
        BEGINNINGS.iter().find_map(|beginning| self.message.find(beginning)).map_or(self.message.as_str(), |at| &self.message[at..])
    }
}

impl Fault {
    /// Reads a message; none when it says only that the node will try again.
    pub(super) fn of(message: &str) -> Option<Self> {
        const TRUST: [&str; 3] = ["x509:", "certificate signed by unknown authority", "tls: failed to verify certificate"];
        const NAME: [&str; 4] = ["no such host", "server misbehaving", "Temporary failure in name resolution", "dial tcp: lookup"];
        const REFUSED: [&str; 5] = ["401 Unauthorized", "authorization failed", "unauthorized:", "403 Forbidden", "no basic auth credentials"];
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if says(&TRUST) {
            Some(Self::Trust)
        } else if says(&NAME) {
            Some(Self::Name)
        } else if says(&REFUSED) {
            Some(Self::Refused)
        } else if message.starts_with("Back-off pulling image") && !message.contains(": ") {
            None
        } else {
            Some(Self::Other)
        }
    }

    /// Work for whoever runs the nodes.
    pub(super) const fn is_for_others(self) -> bool {
        matches!(self, Self::Trust | Self::Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_runtimes_are_told_apart() {
        let head = "rpc error: code = Unknown desc = failed to pull and unpack image \"r/a\": failed to resolve reference \"r/a\": failed to do request: Head \"https://r/v2/\": ";
        for (tail, fault) in [
            ("tls: failed to verify certificate: x509: certificate signed by unknown authority", Fault::Trust),
            ("dial tcp: lookup registry.platform.test on 10.0.0.1:53: no such host", Fault::Name),
            ("dial tcp 10.0.0.1:443: connect: connection refused", Fault::Other),
            ("dial tcp 10.0.0.1:443: i/o timeout", Fault::Other),
            ("unexpected status from HEAD request: 401 Unauthorized", Fault::Refused),
        ] {
            assert_eq!(Fault::of(&format!("{head}{tail}")), Some(fault), "{tail}");
        }
    }

    #[test]
    fn the_reason_is_the_end_of_the_message() {
        let seen = |message: &str| Seen { fault: Fault::Trust, message: message.into() };
        let long = "failed to pull and unpack image \"r/a\": Head \"https://r/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority";
        assert_eq!(seen(long).reason(), "tls: failed to verify certificate: x509: certificate signed by unknown authority");
        assert_eq!(seen("something else").reason(), "something else");
    }

    #[test]
    fn a_back_off_says_something_only_with_a_reason() {
        assert_eq!(Fault::of("Back-off pulling image \"r/a\""), None);
        assert_eq!(Fault::of("Back-off pulling image \"r/a\": ErrImagePull: x509: certificate signed by unknown authority"), Some(Fault::Trust));
    }
}
