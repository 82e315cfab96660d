//! What answers refer to: it has to exist, and only whoever runs the program can look.

use super::{Answers, AnswersProblem, Flaw, SecretReference, database, proxy};

/// Says why what is referred to does not exist.
pub type Looking<'a> = dyn Fn(&SecretReference) -> Result<(), String> + 'a;

impl Answers {
    /// Every reference to a secret with the path of its key. A text that is no reference is for [`Answers::validate`] to name.
    pub fn references(&self) -> Vec<(String, SecretReference)> {
        let authorities = self.trust.ca.iter().enumerate().map(|(index, text)| (format!("trust.ca[{index}]"), text));
        let others =
            self.alerts.references().into_iter().chain(database::references(self)).chain(proxy::references(self)).chain(self.evidence.references()).map(|(path, text)| (path.to_owned(), text));
        authorities.chain(others).filter_map(|(path, text)| Some((path, text.parse().ok()?))).collect()
    }

    /// The references that lead nowhere.
    pub(super) fn absent(&self, look: &Looking<'_>) -> Vec<AnswersProblem> {
        self.references().into_iter().filter_map(|(path, reference)| Some(AnswersProblem { path, flaw: Flaw::Reference(look(&reference).err()?) })).collect()
    }
}
