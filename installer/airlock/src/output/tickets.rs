//! Tickets: work for somebody else, ready to be handed on.

use std::fmt::Write as _;

use airlock_model::Ticket;

use super::style::{Ink, Style};

/// Above and below what is to be pasted.
const RULER: &str = "----------------------------------------";

/// Every ticket with its text to paste.
pub(crate) fn tickets(tickets: &[Ticket], style: Style) -> String {
    let mut text = String::new();
    for (index, ticket) in tickets.iter().enumerate() {
        let _ = writeln!(text, "{}", style.heading(&format!("ticket {} of {}: {}", index + 1, tickets.len(), ticket.gate)));
        let _ = writeln!(text, "  what:  {}", ticket.what);
        let _ = writeln!(text, "  who:   {}", ticket.who);
        // Not indented: what ends a here-document must begin its line.
        let _ = writeln!(text, "  text:\n{}", style.paint(Ink::Faint, RULER));
        for line in ticket.paste.lines() {
            let _ = writeln!(text, "{}", style.paint(Ink::Cyan, line));
        }
        let _ = writeln!(text, "{}", style.paint(Ink::Faint, RULER));
        let _ = writeln!(text, "  check: {}", ticket.checked_by);
        let _ = writeln!(text, "  seen:  {}\n", ticket.seen);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn a_ticket_can_be_handed_on_as_it_is() {
        insta::assert_snapshot!(tickets(&samples::tickets(), Style::default()));
    }
}
