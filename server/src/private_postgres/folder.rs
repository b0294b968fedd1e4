//! The folder a private cluster lives in:
//!
//! ```text
//! lock  password  port  bin/ (wrappers)  data/ (the cluster)
//! ```
//!
//! Always true: whoever holds a [`Folder`] is the only one who does.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use rand::Rng;
use rand::distr::Alphanumeric;

use super::{Error, LOCALHOST, is_free};

#[derive(Debug)]
pub struct Folder {
    pub dir: PathBuf,
    pub lock: File,
    /// Who PostgreSQL runs as, when we are root and it may not be.
    pub user: Option<User>,
}

#[derive(Clone, Copy, Debug)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

impl Folder {
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Folder { dir: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(failed)?;
        // PostgreSQL changes its working folder, so the path must be absolute.
        let dir = dir.canonicalize().map_err(failed)?;
        let lock = File::create(dir.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { dir }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // What we have just made belongs to whoever we are.
        let we_are_root = lock.metadata().map_err(failed)?.uid() == 0 && is_root();
        let user = if we_are_root { Some(unprivileged_user().ok_or(Error::NoUser)?) } else { None };
        Ok(Self { dir, lock, user })
    }

    pub fn bin(&self) -> PathBuf {
        self.dir.join("bin")
    }

    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub fn new_data(&self) -> PathBuf {
        self.dir.join("data.new")
    }

    pub fn log(&self) -> PathBuf {
        self.data().join("start.log")
    }

    pub fn password_file(&self) -> PathBuf {
        self.dir.join("password")
    }

    pub fn failed(&self) -> impl Fn(io::Error) -> Error + use<> {
        let dir = self.dir.clone();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull => Error::DiskFull { dir: dir.clone() },
            _ => Error::Folder { dir: dir.clone(), source },
        }
    }

    /// An empty folder for a new cluster; what an interrupted attempt left goes.
    pub fn prepare_new(&self) -> Result<(), Error> {
        let new = self.new_data();
        if new.exists() {
            fs::remove_dir_all(&new).map_err(self.failed())?;
        }
        fs::DirBuilder::new().mode(0o700).create(&new).map_err(self.failed())?;
        self.give(&new)
    }

    pub fn new_password(&self) -> Result<String, Error> {
        let password: String =
            rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect();
        let file = self.password_file();
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(self.failed()(error));
            }
            _ => {}
        }
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .and_then(|mut file| file.write_all(password.as_bytes()))
            .map_err(self.failed())?;
        self.give(&file)?;
        Ok(password)
    }

    pub fn password(&self) -> Result<String, Error> {
        match fs::read_to_string(self.password_file()) {
            Ok(password) if !password.trim().is_empty() => Ok(password.trim().to_owned()),
            _ => Err(Error::PasswordLost { dir: self.dir.clone() }),
        }
    }

    /// The port to use: the one asked for, or the one remembered while it is
    /// free, or a new one.
    pub fn port(&self, asked: u16) -> Result<u16, Error> {
        if asked != 0 {
            return if is_free(asked) { Ok(asked) } else { Err(Error::PortTaken { port: asked }) };
        }
        let file = self.dir.join("port");
        let remembered = fs::read_to_string(&file)
            .ok()
            .and_then(|text| text.trim().parse::<u16>().ok())
            .filter(|port| *port != 0 && is_free(*port));
        if let Some(port) = remembered {
            return Ok(port);
        }
        let port = TcpListener::bind((LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(self.failed())?
            .port();
        fs::write(&file, format!("{port}\n")).map_err(self.failed())?;
        Ok(port)
    }

    /// Whether a server that nobody owns any more still runs on these data. A
    /// pid file whose process is gone, or is another program by now, is removed:
    /// PostgreSQL would refuse to start beside it.
    pub fn left_behind(&self) -> bool {
        let file = self.data().join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&file) else {
            return false;
        };
        if !Path::new("/proc/self").exists() {
            // Without /proc the process cannot be looked at; PostgreSQL itself
            // copes with a pid file whose process is gone.
            return false;
        }
        let pid = text.lines().next().unwrap_or_default().trim();
        let working_folder = fs::read_link(format!("/proc/{pid}/cwd"));
        if !pid.is_empty() && working_folder.is_ok_and(|folder| folder == self.data()) {
            return true;
        }
        let _ = fs::remove_file(&file);
        false
    }

    fn give(&self, path: &Path) -> Result<(), Error> {
        match self.user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)).map_err(self.failed()),
            None => Ok(()),
        }
    }
}

/// By the effective user of this process; a file's owner alone would be wrong
/// on a share that maps everyone to root.
fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| {
        status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .and_then(|ids| ids.split_whitespace().nth(1))
            == Some("0")
    })
}

fn unprivileged_user() -> Option<User> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].iter().find_map(|wanted| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == *wanted).then_some(())?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (uid != 0).then_some(User { uid, gid })
        })
    })
}
