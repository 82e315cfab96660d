//! Ctrl-C before anything is written: a run that waits for an API server that does not answer.

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A folder with answers and a kubeconfig that leads to a server that takes connections and says nothing.
struct World {
    folder: tempfile::TempDir,
    server: TcpListener,
}

impl World {
    fn new() -> Self {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("answers.yaml"), "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n").unwrap();
        let kubeconfig = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{ name: c, cluster: {{ server: 'http://{}' }} }}]\ncontexts: [{{ name: x, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{}} }}]\n",
            server.local_addr().unwrap()
        );
        fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        Self { folder, server }
    }

    fn start(&self, command: &str) -> Child {
        Command::new(env!("CARGO_BIN_EXE_airlock"))
            .args(command.split(' '))
            .args(["--kubeconfig", "kubeconfig"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// Exit code and standard error of a run that ends.
fn ended(run: &mut Child) -> (Option<i32>, String) {
    let mut stderr = String::new();
    run.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (run.wait().unwrap().code(), stderr)
}

#[test]
fn the_time_of_a_run_ends_a_wait_for_an_api_server_that_does_not_answer() {
    let world = World::new();
    let mut run = world.start("status --timeout 1s");
    let _connection = world.server.accept().unwrap();
    let (exit, stderr) = ended(&mut run);
    assert_eq!(exit, Some(6), "{stderr}");
    assert!(stderr.starts_with("error[command.time-over]: the time given for the run is over; what is done is kept\n"), "{stderr}");
}

#[test]
fn one_ctrl_c_ends_a_run_that_has_written_nothing_and_says_how_to_go_on() {
    for (signal, command) in [(Signal::INT, "inspect"), (Signal::TERM, "plan --answers answers.yaml"), (Signal::INT, "install --answers answers.yaml --yes")] {
        let world = World::new();
        let mut run = world.start(command);
        // The request has arrived: the run listens to signals and waits for an answer that never comes.
        let (mut connection, _) = world.server.accept().unwrap();
        let mut first = [0];
        connection.read_exact(&mut first).unwrap();

        kill_process(Pid::from_child(&run), signal).unwrap();
        let (exit, stderr) = ended(&mut run);
        assert_eq!(exit, Some(130), "{command}: {stderr}");
        assert_eq!(stderr.lines().next(), Some("stopping after the current write; once more stops at once"), "{command}");
        assert!(stderr.contains("error[command.interrupted]: interrupted; what is done is kept"), "{command}: {stderr}");
        assert!(stderr.contains(&format!("next:    airlock {command} --kubeconfig kubeconfig")), "{command}: {stderr}");
    }
}
