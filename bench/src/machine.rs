//! The machine: which core runs what, whether it is quiet, and the processes under test.
//!
//! Always true: a process started here ends with the value that stands for it, and one whose turn
//! it is not is stopped, so that its background work takes nothing from the others.

use std::{
    env, fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::Result;

/// Above this the machine is busy with something else.
const LOAD_MAX: f64 = 1.0;
const PINNED: &str = "BENCH_PINNED";
const PATIENCE: Duration = Duration::from_secs(120);

/// What a run is made with.
pub struct Bench {
    /// The folder of what a run leaves behind.
    pub dir: PathBuf,
    /// Where `nginx` and `wrk` were unpacked.
    pub peers: PathBuf,
    pub rounds: usize,
    pub seconds: u64,
    pub events: u64,
}

/// Which cores a process runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    /// The first one, which belongs to whatever is under test.
    First,
    /// All others: load, origin, authorizer, PostgreSQL.
    Others,
}

/// Starts this program anew on every core but the first, where it is not there yet. What it starts
/// inherits that, unless it asks for the first core.
pub fn leave_first_core() -> Result<()> {
    if env::var_os(PINNED).is_some() {
        return Ok(());
    }
    let cores = std::thread::available_parallelism()?.get();
    if cores < 2 {
        return Err("It takes two cores at least: one for what is under test.".into());
    }
    let error = Command::new("taskset")
        .args(["-c", &format!("1-{}", cores - 1)])
        .arg(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(PINNED, "1")
        .exec();
    Err(format!("taskset could not be started ({error}); install util-linux.").into())
}

/// Lets load and origin go before the cluster in `dir`, so that neither is slowed down by it: what
/// PostgreSQL does after a turn is counted apart.
pub fn let_others_go_before(dir: &Path) -> Result<()> {
    let pid = postmaster(dir)?;
    let children = Command::new("pgrep").args(["-P", &pid]).output()?;
    let children = String::from_utf8_lossy(&children.stdout).into_owned();
    let told = Command::new("renice")
        .args(["-n", "10", "-p", &pid])
        .args(children.split_whitespace())
        .stdout(Stdio::null())
        .status()?;
    if told.success() { Ok(()) } else { Err("PostgreSQL cannot be reniced.".into()) }
}

fn postmaster(dir: &Path) -> Result<String> {
    let pid_file = fs::read_to_string(dir.join("postgres/data/postmaster.pid"))?;
    Ok(pid_file.lines().next().unwrap_or_default().to_owned())
}

/// Lets this program and the cluster in `dir` use every core from now on; what they start later
/// inherits it.
pub fn use_all_cores(dir: &Path) -> Result<()> {
    let postmaster = postmaster(dir)?;
    let cores = fs::read_to_string("/sys/devices/system/cpu/online")?;
    for pid in [postmaster, std::process::id().to_string()] {
        let told = Command::new("taskset")
            .args(["--all-tasks", "--cpu-list", "--pid", cores.trim(), &pid])
            .stdout(Stdio::null())
            .status()?;
        if !told.success() {
            return Err(format!("Process {pid} cannot be let onto every core.").into());
        }
    }
    Ok(())
}

/// The load of the last minute.
pub fn load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let first = text.split(' ').next().unwrap_or_default();
    Ok(first.parse()?)
}

/// An error where other work would be measured too.
pub fn must_be_quiet() -> Result<()> {
    let load = load()?;
    if load > LOAD_MAX {
        return Err(format!(
            "The load of the last minute is {load}, above {LOAD_MAX}; wait, or pass --busy for figures that are worth nothing."
        )
        .into());
    }
    Ok(())
}

/// A running process.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it; what it says goes to `log`.
    pub fn start(mut command: Command, core: Core, log: &Path) -> Result<Self> {
        let pinned = match core {
            Core::Others => {
                command.stdin(Stdio::null());
                command
            }
            Core::First => {
                let mut pinned = Command::new("taskset");
                pinned.args(["-c", "0"]).arg(command.get_program()).args(command.get_args());
                for (name, value) in command.get_envs() {
                    match value {
                        Some(value) => pinned.env(name, value),
                        None => pinned.env_remove(name),
                    };
                }
                pinned.stdin(Stdio::null());
                pinned
            }
        };
        let mut command = pinned;
        let log = fs::File::create(log)?;
        command.stdout(log.try_clone()?).stderr(log);
        let what = format!("{:?} could not be started", command.get_program());
        let child = command.spawn().map_err(|error| format!("{what}: {error}"))?;
        Ok(Self { child })
    }

    /// Lets it run.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    /// Keeps it from running.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Asks it to end, and waits.
    pub fn end(mut self) -> Result<()> {
        self.resume()?;
        self.signal("TERM")?;
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err("A process under test did not end.".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Bytes of memory it holds.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .ok_or("no VmRSS")?;
        Ok(kib.parse::<u64>()? * 1024)
    }

    fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", name, &pid]).status()?;
        if told.success() { Ok(()) } else { Err(format!("process {pid} is gone").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something answers HTTP on a port of this machine, whatever it says. A program may
/// listen long before it answers.
pub async fn until_answering(port: u16) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !answers(port).await {
        if Instant::now() > deadline {
            return Err(format!("Nothing answers on port {port} after {PATIENCE:?}.").into());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    asked.is_ok() && stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0)
}
