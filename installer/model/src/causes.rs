//! An error as one line for people.

/// An error with all its causes, joined by `: `. A cause whose words stand in the line already is not said again: many libraries
/// repeat the cause in their own words.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Link {
        words: &'static str,
        source: Option<Box<Link>>,
    }

    #[test]
    fn every_cause_is_said_once() {
        let chain = ["cannot connect", "tls: unknown issuer", "unknown issuer", "root missing"];
        let error = chain.into_iter().rev().fold(None, |source, words| Some(Box::new(Link { words, source })));
        assert_eq!(with_causes(&error.unwrap()), "cannot connect: tls: unknown issuer: root missing");
    }
}
