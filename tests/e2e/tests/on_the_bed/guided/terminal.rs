//! A real pseudo-terminal: keys go in, the screen is what a person would see.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Rows of the terminal: so many that nothing scrolls away.
const ROWS: u16 = 600;
/// A plan takes seconds; what takes longer does not come.
const PATIENCE: Duration = Duration::from_mins(5);
/// How every prompt ends, without spaces.
const PROMPT_END: &str = "Ctrl-Cleave]";

pub(crate) const ENTER: &str = "\r";
pub(crate) const ESC: &str = "\x1b";
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const DOWN: &str = "\x1b[B";

pub(crate) struct Terminal {
    screen: vt100::Parser,
    raw: Vec<u8>,
    from_program: Receiver<Vec<u8>>,
    to_program: Box<dyn Write + Send>,
    program: Box<dyn Child + Send + Sync>,
    /// Kept: the program would be told that its terminal hung up.
    master: Box<dyn MasterPty + Send>,
    /// Rows above this one have been seen.
    seen: usize,
}

impl Terminal {
    /// Starts a command in this folder.
    pub(crate) fn start(command: &Command, folder: &Path, columns: u16, kind: &str) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows: ROWS, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("a pseudo-terminal");
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.cwd(folder);
        builder.env("TERM", kind);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => builder.env(name, value),
                None => builder.env_remove(name),
            }
        }
        let program = pair.slave.spawn_command(builder).expect("the command starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (send, from_program) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let to_program = pair.master.take_writer().expect("a writer");
        Self { screen: vt100::Parser::new(ROWS, columns, 0), raw: Vec::new(), from_program, to_program, program, master: pair.master, seen: 0 }
    }

    /// Waits for a prompt that asks this, and returns all that came since the one before.
    pub(crate) fn asked(&mut self, question: &str) -> String {
        let since = self.seen;
        self.wait(&format!("the question `{question}`"), |lines| {
            let prompt = lines.iter().skip(since).position(|line| line.contains(question));
            // In a narrow terminal its last line is broken anywhere.
            prompt.is_some_and(|at| lines[since + at..].concat().replace(' ', "").contains(PROMPT_END))
        });
        let lines = self.lines();
        self.seen = lines.iter().rposition(|line| line.contains(question)).map_or(lines.len(), |row| row + 1);
        lines[since..].join("\n").trim_end().to_owned()
    }

    pub(crate) fn send(&mut self, keys: &str) {
        self.to_program.write_all(keys.as_bytes()).and_then(|()| self.to_program.flush()).expect("the program reads");
    }

    /// A line, with Enter.
    pub(crate) fn types(&mut self, line: &str) {
        self.send(line);
        self.send(ENTER);
    }

    /// Waits for this text below what was seen, and returns what is there with it.
    pub(crate) fn shows(&mut self, text: &str) -> String {
        let since = self.seen;
        self.wait(&format!("`{text}`"), |lines| lines.iter().skip(since).any(|line| line.contains(text)));
        self.lines()[since..].join("\n").trim_end().to_owned()
    }

    /// Waits for the end: exit code and all that came since the last prompt.
    pub(crate) fn ended(&mut self) -> (u32, String) {
        let begun = Instant::now();
        while self.take(begun) {}
        let code = self.program.wait().expect("the program ends").exit_code();
        (code, self.lines()[self.seen.min(self.lines().len())..].join("\n").trim_end().to_owned())
    }

    /// Ends the program as a pipeline or a shutdown would.
    pub(crate) fn terminate(&self) {
        let id = self.program.process_id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    }

    /// Whether the terminal reads whole lines, as a shell expects it.
    pub(crate) fn reads_lines(&self) -> bool {
        let path = self.master.tty_name().expect("a path");
        let settings = Command::new("stty").arg("-a").arg("-F").arg(path).output().expect("stty");
        String::from_utf8_lossy(&settings.stdout).split_whitespace().any(|setting| setting == "icanon")
    }

    /// Every byte that the program wrote.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// All that has been on the screen.
    pub(crate) fn screen(&self) -> String {
        self.lines().join("\n").trim_end().to_owned()
    }

    fn lines(&self) -> Vec<String> {
        self.screen.screen().contents().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    fn wait(&mut self, what: &str, is_there: impl Fn(&[String]) -> bool) {
        let begun = Instant::now();
        while !is_there(&self.lines()) {
            assert!(self.take(begun), "{what} does not come; the screen:\n{}", self.screen.screen().contents());
        }
    }

    /// Takes what the program writes next; false when there will be nothing more.
    fn take(&mut self, begun: Instant) -> bool {
        match self.from_program.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            Ok(bytes) => {
                self.screen.process(&bytes);
                self.raw.extend(bytes);
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => panic!("the program is silent; the screen:\n{}", self.screen.screen().contents()),
        }
    }
}

impl Drop for Terminal {
    /// A test that failed leaves no program behind.
    fn drop(&mut self) {
        let _ = self.program.kill();
    }
}
