use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

/// What a process holds of the machine's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: u64,
    /// The most that was ever resident.
    pub(crate) peak: u64,
}

/// A command for a program that is kept on one core, where the system can.
pub(crate) fn pinned(program: &Path, core: Option<usize>) -> Command {
    match core {
        // taskset becomes the program, so the pid is the program's.
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["--cpu-list", &core.to_string()]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// A core for the server and one for the load generator, if there are two and they can be chosen.
pub(crate) fn cores() -> Option<(usize, usize)> {
    // Not those that we may use ourselves: the load generator is on its one core already.
    let on_line = fs::read_to_string("/proc/cpuinfo").ok()?.matches("processor\t").count();
    let taskset = Command::new("taskset").arg("--version").output().is_ok();
    (on_line >= 2 && taskset).then_some((0, 1))
}

/// The memory of a process, as the kernel counts it.
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .context("the memory of a process is read from /proc, which only Linux has")?;
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number =
            line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<u64>().ok());
        number.with_context(|| format!("/proc says nothing about {name}"))
    };
    Ok(Memory { resident: kib("VmRSS:")? * 1_024, peak: kib("VmHWM:")? * 1_024 })
}

/// How long a process has computed so far.
pub(crate) fn computed(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = ticks(&stat).context("/proc does not say how long a process has computed")?;
    // The kernel reports in hundredths of a second on every system we know (USER_HZ).
    Ok(Duration::from_millis(ticks * 10))
}

/// The user and system time of a process in ticks; its name may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 30 12 0 0 20 0 4 0 99 1 2";
        assert_eq!(ticks(stat), Some(42));
    }

    #[test]
    fn we_have_memory() {
        let own = memory(std::process::id()).unwrap();
        assert!(own.resident > 100_000 && own.peak >= own.resident);
    }
}
