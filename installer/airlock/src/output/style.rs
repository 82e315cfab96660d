//! Colours, where they are wanted. Every meaning is also a mark or a word, so nothing is lost without them.

use airlock_model::Verdict;

/// Colours or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    coloured: bool,
}

/// SGR parameters of ECMA-48.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ink {
    Bold,
    Faint,
    Red,
    Green,
    Yellow,
    Cyan,
}

impl Style {
    pub(crate) const fn new(coloured: bool) -> Self {
        Self { coloured }
    }

    pub(crate) const fn is_coloured(self) -> bool {
        self.coloured
    }

    /// The text in that ink.
    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        let parameter = match ink {
            Ink::Bold => 1,
            Ink::Faint => 2,
            Ink::Red => 31,
            Ink::Green => 32,
            Ink::Yellow => 33,
            Ink::Cyan => 36,
        };
        if self.coloured { format!("\u{1b}[{parameter}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A heading.
    pub(crate) fn heading(self, text: &str) -> String {
        self.paint(Ink::Bold, text)
    }

    /// The mark and the word of a verdict, as wide as the widest.
    pub(crate) fn verdict(self, verdict: Verdict) -> String {
        let ink = match verdict {
            Verdict::Pass | Verdict::Attested => Ink::Green,
            Verdict::Warn | Verdict::Excepted | Verdict::Unverified => Ink::Yellow,
            Verdict::Fail | Verdict::Error => Ink::Red,
            Verdict::NotApplicable => Ink::Faint,
        };
        self.paint(ink, &format!("{} {:<10}", verdict.mark(), verdict.word()))
    }
}
