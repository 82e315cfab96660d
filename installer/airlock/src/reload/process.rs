//! Finds a server among the processes of the pod, and tells it to read its files again.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// A process as `/proc/<pid>/stat` has it (proc(5)).
#[derive(Debug, PartialEq, Eq)]
struct Process {
    id: i32,
    name: String,
    parent: i32,
}

/// The master among the processes of that name: the one whose parent is not one of them.
pub(super) fn master(name: &str) -> Result<Pid, String> {
    let entries = fs::read_dir("/proc").map_err(|error| format!("cannot list processes: {error}"))?;
    let processes: Vec<Process> = entries.filter_map(|entry| parse(&fs::read_to_string(entry.ok()?.path().join("stat")).ok()?)).filter(|process| process.name == name).collect();
    let masters: Vec<i32> = processes.iter().filter(|process| !processes.iter().any(|other| other.id == process.parent)).map(|process| process.id).collect();
    match masters.as_slice() {
        [] => Err(format!("no process named {name} is running")),
        [id] => Pid::from_raw(*id).ok_or_else(|| format!("the process {id} cannot be signalled")),
        several => Err(format!("{} processes named {name} are running; which one is meant is not clear", several.len())),
    }
}

/// Sends SIGHUP, by which servers read their files again.
pub(super) fn hang_up(process: Pid) -> Result<(), String> {
    kill_process(process, Signal::HUP).map_err(|error| format!("cannot signal the process {}: {error}", process.as_raw_nonzero()))
}

/// The name stands in brackets and may hold brackets and spaces itself: the last one closes it.
fn parse(stat: &str) -> Option<Process> {
    let (id, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let parent = rest.split(' ').nth(1)?.parse().ok()?;
    Some(Process { id: id.parse().ok()?, name: name.to_owned(), parent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_is_read() {
        assert_eq!(parse("17 (a) (b c) S 3 17 17 0 -1\n"), Some(Process { id: 17, name: "a) (b c".into(), parent: 3 }));
        assert_eq!(parse("x"), None);
    }

    #[test]
    fn nobody_of_that_name_is_an_error_with_the_name() {
        assert_eq!(master("no-such-name").unwrap_err(), "no process named no-such-name is running");
    }
}
