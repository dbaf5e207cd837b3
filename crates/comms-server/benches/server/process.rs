//! A server as a process of its own, and what it and PostgreSQL use.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use comms_conformance::database;

/// Linux tells processor time in hundredths of a second, whatever its own clock.
const TICK: Duration = Duration::from_millis(10);

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; killed on drop.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The port that it listens on.
    pub port: u16,
    /// How long it took from its start to the first good answer of `/health`.
    pub start: Duration,
}

impl Process {
    /// Starts a server that listens on the port which `PORT` names, and waits until it is well.
    pub fn start(command: &mut Command) -> Self {
        let port = free_port();
        let started = Instant::now();
        let child = command.env("PORT", port.to_string()).stdin(Stdio::null()).spawn().unwrap();
        let mut process = Self { child, port, start: Duration::ZERO };
        while !is_well(port) {
            let ended = process.child.try_wait().unwrap();
            assert!(ended.is_none(), "the server ended: {ended:?}");
            assert!(started.elapsed() < PATIENCE, "the server does not start");
            thread::sleep(Duration::from_millis(2));
        }
        process.start = started.elapsed();
        process
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that it has used.
    pub fn cpu(&self) -> Duration {
        Stat::of(self.child.id()).map_or(Duration::ZERO, |stat| stat.own)
    }

    /// Megabytes that it holds now.
    pub fn memory_mb(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most megabytes that it ever held.
    pub fn peak_memory_mb(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, key: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = value.and_then(|value| value.trim().strip_suffix(" kB"));
        kilobytes.unwrap().parse::<f64>().unwrap() / 1_024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// PostgreSQL's processes on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Postmaster(u32);

impl Postmaster {
    /// Of the server of this address; its user may read the server's files.
    pub async fn of(address: &str) -> Self {
        let files = database::texts(address, "SELECT pg_read_file('postmaster.pid')").await;
        let pid = files.first().and_then(|file| file.lines().next());
        Self(pid.unwrap().trim().parse().unwrap())
    }

    /// The processor time of the server and of its sessions, also of those that have ended.
    pub fn cpu(self) -> Duration {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let processes = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        processes
            .filter_map(|pid| Some((pid, Stat::of(pid)?)))
            .map(|(pid, stat)| match pid {
                _ if pid == self.0 => stat.own + stat.reaped,
                _ if stat.parent == self.0 => stat.own,
                _ => Duration::ZERO,
            })
            .sum()
    }
}

/// A line of `/proc/<pid>/stat`.
struct Stat {
    parent: u32,
    own: Duration,
    /// What its ended children used.
    reaped: Duration,
}

impl Stat {
    /// `None` where the process is gone.
    fn of(pid: u32) -> Option<Self> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The program's name before may hold anything.
        let (_, line) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = line.split(' ').collect();
        let ticks = |at: usize| Some(TICK * fields.get(at)?.parse().ok()?);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            reaped: ticks(13)? + ticks(14)?,
        })
    }
}

/// The size of a program in megabytes, without the symbols that a profiler reads; `None` without the tool that removes them.
pub fn stripped_mb(program: &Path, folder: &Path) -> Option<f64> {
    let stripped = folder.join("stripped");
    let status = Command::new("strip").arg("-o").args([&stripped, program]).status().ok()?;
    let bytes = status.success().then(|| fs::metadata(stripped).ok())??.len();
    Some(bytes as f64 / (1_024.0 * 1_024.0))
}

fn is_well(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200 "))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
