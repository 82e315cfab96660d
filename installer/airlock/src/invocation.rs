//! The command line as it was typed, to say exactly how to go on.

use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use airlock_model::{CodeSpec, Exit};

/// What was typed. It holds no secret: no argument of this program is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Invocation {
    words: Vec<String>,
    answers: Option<String>,
    /// Answers that were asked for and kept: who goes on is not asked again.
    kept: OnceLock<String>,
    /// The context that was chosen, where several could have been meant.
    context: OnceLock<String>,
}

impl Invocation {
    pub(crate) fn of_process(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut words: Vec<String> = arguments.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
        // However it was started: the name is what can be typed again.
        if let Some(program) = words.first_mut() {
            "airlock".clone_into(program);
        }
        Self { words, ..Self::default() }
    }

    /// Remembers the answers, so that `FILE` in a remedy becomes a path.
    pub(crate) fn with_answers(mut self, path: Option<&Path>) -> Self {
        self.answers = path.map(|path| path.to_string_lossy().into_owned());
        self
    }

    /// From now on the same command goes on by these answers instead of asking.
    pub(crate) fn go_on_by(&self, answers: &Path) {
        // A run is agreed to once.
        let _ = self.kept.set(answers.to_string_lossy().into_owned());
    }

    /// From now on the same command means the cluster of this context.
    pub(crate) fn go_on_in(&self, context: &str) {
        // It is chosen once.
        let _ = self.context.set(context.to_owned());
    }

    /// The same command again.
    pub(crate) fn again(&self) -> String {
        let kept = self.kept.get().map(|kept| ["--answers", kept.as_str()]).into_iter().flatten();
        let context = self.context.get().map(|context| ["--context", context.as_str()]).into_iter().flatten();
        self.words.iter().map(String::as_str).chain(context).chain(kept).map(quoted).collect::<Vec<_>>().join(" ")
    }

    /// The same command with further words.
    pub(crate) fn again_with(&self, words: &[&str]) -> String {
        std::iter::once(self.again()).chain(words.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
    }

    /// The same command with another word where this one stands, also behind a flag and `=`; none: it stands nowhere.
    pub(crate) fn again_for(&self, wrong: &str, right: &str) -> Option<String> {
        let mended = |word: &String| match word.strip_suffix(wrong) {
            Some(flag) if flag.is_empty() || flag.starts_with("--") && flag.ends_with('=') => format!("{flag}{right}"),
            _ => word.clone(),
        };
        let words: Vec<String> = self.words.iter().map(mended).collect();
        (words != self.words).then(|| Self { words, ..self.clone() }.again())
    }

    /// The same command, agreed to beforehand.
    pub(crate) fn again_agreed(&self) -> String {
        let again = self.again();
        if self.words.iter().any(|word| word == "--yes" || word == "-y") { again } else { format!("{again} --yes") }
    }

    /// The exact next command after a failure.
    pub(crate) fn next(&self, spec: &CodeSpec) -> String {
        let again = matches!(spec.exit, Exit::ApplyFailed | Exit::GaveUpWaiting | Exit::LeaseHeld | Exit::WaitingOutside | Exit::Interrupted | Exit::Unreachable);
        match spec.next {
            _ if spec.code == "command.unconfirmed" => self.again_agreed(),
            // What was typed lacks just that, or has a name that there is not.
            Some(next) if matches!(spec.code, "command.no-answers" | "command.terminal" | "compliance.unknown-profile") => next.to_owned(),
            None if again => self.again(),
            // Once the file is mended.
            None if spec.code.starts_with("answers.") => self.again(),
            None => format!("airlock explain {}", spec.code),
            // The engine speaks of `install`; it may have been another command that has to go on.
            Some(next) if again && next.starts_with("airlock install") => self.again(),
            // There are no answers whose plan could be looked at, as in a removal.
            Some(_) if spec.code == "platform.blocked" && self.answers.is_none() => self.again(),
            // Its remedy is this very command: with all that was typed.
            Some(next) if command(next).is_some_and(|name| self.words.contains(&name)) => self.again(),
            Some(next) => match self.answers.as_ref().or(self.kept.get()) {
                Some(answers) => next.replace("FILE", &quoted(answers)),
                None => next.to_owned(),
            },
        }
    }
}

/// The command of `airlock COMMAND …`.
fn command(line: &str) -> Option<String> {
    line.strip_prefix("airlock ")?.split_whitespace().next().map(str::to_owned)
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '@' | ',' | '+' | '%'));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use airlock_model::explain_code;

    use super::*;

    fn typed(words: &[&str]) -> Invocation {
        Invocation::of_process(words.iter().map(OsString::from))
    }

    #[test]
    fn words_are_quoted_so_that_a_shell_reads_them_back() {
        assert_eq!(typed(&["/opt/airlock", "plan", "--answers", "my answers.yaml", "it's"]).again(), r"airlock plan --answers 'my answers.yaml' 'it'\''s'");
    }

    #[test]
    fn a_word_that_was_meant_takes_the_place_of_the_one_that_was_typed() {
        assert_eq!(typed(&["airlock", "profile", "diff", "basline", "soc2"]).again_for("basline", "baseline").as_deref(), Some("airlock profile diff baseline soc2"));
        assert_eq!(typed(&["airlock", "compliance-check", "--profile=sco2", "a/sco2"]).again_for("sco2", "soc2").as_deref(), Some("airlock compliance-check --profile=soc2 a/sco2"));
        assert_eq!(typed(&["airlock", "plan", "--answers", "basline.yaml"]).again_for("basline", "baseline"), None);
    }

    #[test]
    fn a_remedy_names_the_answers_that_were_given() {
        let spec = explain_code("platform.plan-mismatch").unwrap();
        let invocation = typed(&["airlock", "install", "--answers", "a b.yaml"]).with_answers(Some(Path::new("a b.yaml")));
        assert_eq!(invocation.next(spec), "airlock plan --answers 'a b.yaml'");
    }

    #[test]
    fn what_nobody_could_confirm_is_confirmed_by_a_flag() {
        let spec = explain_code("command.unconfirmed").unwrap();
        assert_eq!(typed(&["airlock", "uninstall", "-n", "a"]).next(spec), "airlock uninstall -n a --yes");
        assert_eq!(typed(&["airlock", "install", "-y"]).again_agreed(), "airlock install -y");
    }

    #[test]
    fn who_answered_once_goes_on_by_the_answers_that_were_kept() {
        let invocation = typed(&["airlock", "install", "-n", "a"]);
        invocation.go_on_by(Path::new("airlock-answers.yaml"));
        assert_eq!(invocation.again_agreed(), "airlock install -n a --answers airlock-answers.yaml --yes");
        invocation.go_on_in("the other");
        assert_eq!(invocation.again(), "airlock install -n a --context 'the other' --answers airlock-answers.yaml");
    }

    #[test]
    fn what_blocks_a_removal_is_mended_and_the_removal_typed_again() {
        let spec = explain_code("platform.blocked").unwrap();
        assert_eq!(typed(&["airlock", "uninstall", "--yes"]).next(spec), "airlock uninstall --yes");
        assert_eq!(typed(&["airlock", "install", "-a", "a.yaml"]).with_answers(Some(Path::new("a.yaml"))).next(spec), "airlock plan --answers a.yaml");
    }

    #[test]
    fn to_go_on_is_to_type_the_same_again() {
        let spec = explain_code("command.interrupted").unwrap();
        assert_eq!(typed(&["airlock", "install", "--answers", "a.yaml", "--yes"]).next(spec), "airlock install --answers a.yaml --yes");
    }
}
