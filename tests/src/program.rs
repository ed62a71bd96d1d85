//! Our own programs as processes: found beside the test, built if need be, stopped with the test.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Once,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

/// How long anything in a journey may take before it counts as failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    output: watch::Receiver<Vec<String>>,
}

impl Program {
    /// Starts `name` (a binary of this workspace) with arguments and environment, its output kept line by line.
    ///
    /// # Errors
    /// The program is not there or cannot be started.
    pub fn start(name: &str, args: &[String], env: &[(&str, String)]) -> Result<Self> {
        let mut child = command(name)?
            .args(args)
            .envs(env.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let (lines, output) = watch::channel(Vec::new());
        tokio::spawn(collect(child.stdout.take().context("stdout is piped")?, lines.clone()));
        tokio::spawn(collect(child.stderr.take().context("stderr is piped")?, lines));
        Ok(Self { child, output })
    }

    /// The first line for which `wanted` answers something; waits for it.
    ///
    /// # Errors
    /// The program ended, or was silent for too long; the error holds what it printed.
    pub async fn line<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> Result<T> {
        let found = async {
            loop {
                let hit = self.output.borrow_and_update().iter().find_map(|line| wanted(line));
                match hit {
                    Some(hit) => return Some(hit),
                    None if self.output.changed().await.is_err() => return None,
                    None => {}
                }
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(Some(hit)) => Ok(hit),
            Ok(None) => bail!("the program ended; it printed:\n{}", self.printed()),
            Err(_) => bail!("the program did not say it; it printed:\n{}", self.printed()),
        }
    }

    /// Everything printed so far, both streams.
    pub fn printed(&self) -> String {
        self.output.borrow().join("\n")
    }

    /// The process number.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Resident memory in MiB: `VmRSS` of proc(5).
    ///
    /// # Errors
    /// The program has ended, or the system has no `/proc`.
    pub fn resident(&self) -> Result<f64> {
        let id = self.id().context("the program has ended")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }

    /// Seconds of processor time, user and system: fields 14 and 15 of `/proc/<id>/stat` in hundredths.
    ///
    /// # Errors
    /// The program has ended, or the system has no `/proc`.
    pub fn processor_time(&self) -> Result<f64> {
        let id = self.id().context("the program has ended")?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        let fields = stat.rsplit_once(')').context("a name in parentheses")?.1;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
    }

    /// SIGKILL, and wait until it is gone.
    ///
    /// # Errors
    /// The system's.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// SIGTERM, as Ctrl-C or a service would, and wait for a clean end.
    ///
    /// # Errors
    /// It did not end in time, or not with success.
    pub async fn stop(&mut self) -> Result<()> {
        let id = self.child.id().context("the program has ended already")?;
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        anyhow::ensure!(sent.success(), "kill -TERM failed");
        let status = timeout(PATIENCE, self.child.wait()).await.context("no clean end")??;
        anyhow::ensure!(status.success(), "ended with {status}:\n{}", self.printed());
        Ok(())
    }
}

/// Runs a program to its end and gives its standard output.
///
/// # Errors
/// It cannot be started, or fails; the error holds what it said.
pub async fn output(name: &str, args: &[&str], env: &[(&str, String)]) -> Result<String> {
    let run = command(name)?.args(args).envs(env.iter().map(|(key, value)| (*key, value))).output();
    let done = timeout(PATIENCE, run).await.with_context(|| format!("{name} {args:?} did not end"))??;
    let said = String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(done.status.success(), "{name} {args:?}: {}\n{said}", done.status);
    Ok(String::from_utf8(done.stdout)?)
}

async fn collect(stream: impl AsyncRead + Unpin, lines: watch::Sender<Vec<String>>) {
    let mut stream = BufReader::new(stream).lines();
    while let Ok(Some(line)) = stream.next_line().await {
        lines.send_modify(|lines| lines.push(line));
    }
}

/// A command whose environment holds no setting of ours that was not asked for.
fn command(name: &str) -> Result<Command> {
    let mut command = Command::new(path(name)?);
    for (key, _) in env::vars().filter(|(key, _)| key.starts_with("CONFAB_")) {
        command.env_remove(key);
    }
    Ok(command)
}

/// The binary that belongs to this build.
///
/// # Errors
/// It is not there and cannot be built.
pub fn path(name: &str) -> Result<PathBuf> {
    static BUILT: Once = Once::new();
    // Tests of one package are not told where another package's programs are; both lie in the profile's folder.
    let test = env::current_exe()?;
    let folder = test.parent().and_then(Path::parent).context("target/<profile>/deps/<test>")?;
    let file = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    BUILT.call_once(|| {
        let release = folder.ends_with("release");
        let mut cargo = std::process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["build", "--quiet", "--workspace", "--bins", "--locked"])
            .args(release.then_some("--release"));
        // What cargo says to the tests of their own package; build scripts that look at it would run again, and with them
        // half of the workspace would be built again, back and forth.
        for (name, _) in env::vars_os() {
            if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of| name.to_string_lossy().starts_with(of)) {
                cargo.env_remove(name);
            }
        }
        if let Err(error) = cargo.status() {
            eprintln!("cargo build: {error}");
        }
    });
    anyhow::ensure!(file.is_file(), "{} was not built", file.display());
    Ok(file)
}
