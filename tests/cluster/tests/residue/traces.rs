//! What a bed could leave on the machine outside its folder.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use airlock_bed::Output;

/// Kernel modules that are loaded by the first bridge, cable, rule, or overlay on a machine, and that nobody can tell from others' afterwards.
const LOADED_ON_DEMAND: [&str; 16] = ["br_netfilter", "bridge", "stp", "llc", "veth", "overlay", "x_tables", "xt_", "ip_tables", "iptable_", "ipt_", "ip_set", "nf_", "nft_", "nfnetlink", "inet_diag"];

/// Files, mounts, links, addresses, routes, rules, cgroups, kernel settings, modules, and processes. What belongs to another bed is left
/// out: it has a life of its own.
pub(crate) fn traces(folder: &Path) -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut traces = BTreeSet::new();
    let mut add = |kind: &str, program: &str, arguments: &[&str]| -> Result<(), Box<dyn Error>> {
        let output = Output::from(Command::new(program).args(arguments).output()?);
        traces.extend(output.stdout.lines().map(|line| format!("{kind} {line}")));
        Ok(())
    };
    add("file", "find", &["/etc", "/opt", "/run", "/usr/libexec", "/usr/sbin", "/var/cache", "/var/lib", "/var/log", "/var/run/", "-xdev"])?;
    add("link", "ip", &["-br", "link"])?;
    add("address", "ip", &["-br", "address"])?;
    add("route", "ip", &["route", "show", "table", "all"])?;
    add("namespace", "ip", &["netns"])?;
    add("set", "ipset", &["list", "-n"])?;
    add("rule", "iptables-save", &[])?;
    add("cgroup", "find", &["/sys/fs/cgroup", "-type", "d"])?;
    for setting in ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "net/ipv4/ip_forward"] {
        traces.insert(format!("setting {setting}={}", fs::read_to_string(Path::new("/proc/sys").join(setting))?.trim()));
    }
    // A kernel without modules has no such file.
    let modules = fs::read_to_string("/proc/modules").unwrap_or_default();
    let names = modules.lines().filter_map(|line| line.split(' ').next()).filter(|name| !LOADED_ON_DEMAND.iter().any(|known| name.starts_with(known)));
    traces.extend(names.map(|name| format!("module {name}")));
    traces.extend(fs::read_to_string("/proc/self/mountinfo")?.lines().map(|line| format!("mount {line}")));
    let ours = format!("airlock-{}", hash(folder)?);
    traces.retain(|line| (!line.contains("/airlock-") || line.contains(&ours)) && !line.starts_with("rule #"));
    for process in fs::read_dir("/proc")?.filter_map(Result::ok) {
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(&*folder.to_string_lossy()) {
            traces.insert(format!("process {}", String::from_utf8_lossy(&command).replace('\0', " ")));
        }
    }
    Ok(traces)
}

/// The hash by which a bed's cgroup is called.
fn hash(folder: &Path) -> Result<String, Box<dyn Error>> {
    let script = "printf %s \"$(realpath -m \"$1\")\" | sha256sum | cut -c1-8";
    let output = Command::new("bash").args(["-c", script, "hash"]).arg(folder).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
