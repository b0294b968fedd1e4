//! The programs of the installed PostgreSQL, and the wrappers we start them by.
//!
//! Always true: a cluster is served by the release that made it, and no program
//! of PostgreSQL runs as root.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Error;
use super::folder::Folder;

/// Where Debian keeps PostgreSQL, one folder to a release.
const RELEASES: &str = "/usr/lib/postgresql";

/// The folder with `initdb` and `pg_ctl`: of the release that made the data
/// where there are any, else the newest.
pub fn find(folder: &Folder) -> Result<PathBuf, Error> {
    let made_by = fs::read_to_string(folder.data().join("PG_VERSION"))
        .ok()
        .map(|version| version.trim().to_owned());
    let mut releases: Vec<(u32, PathBuf)> = fs::read_dir(RELEASES)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let release = entry.file_name().to_str()?.parse().ok()?;
            Some((release, entry.path().join("bin")))
        })
        .filter(|(_, bin)| is_complete(bin))
        .collect();
    releases.sort();

    let Some(version) = made_by else {
        return releases.pop().map(|(_, bin)| bin).or_else(on_path).ok_or(Error::NotInstalled);
    };
    releases
        .into_iter()
        .find(|(release, _)| release.to_string() == version)
        .map(|(_, bin)| bin)
        // Elsewhere than on Debian there is one release; it says itself when
        // it is the wrong one.
        .or_else(on_path)
        .ok_or_else(|| Error::VersionGone { dir: folder.dir.clone(), version })
}

/// Writes `bin/initdb` and `bin/pg_ctl` into the folder. They add what the
/// library that calls them cannot say, and leave root behind.
pub fn write_wrappers(folder: &Folder, programs: &Path) -> Result<(), Error> {
    let bin = folder.bin();
    fs::create_dir_all(&bin).map_err(folder.failed())?;
    write(
        folder,
        &bin.join("initdb"),
        &wrapper(folder, &programs.join("initdb"), &folder.new_data(), Program::Initdb),
    )?;
    write(
        folder,
        &bin.join("pg_ctl"),
        &wrapper(folder, &programs.join("pg_ctl"), &folder.data(), Program::PgCtl),
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Initdb,
    PgCtl,
}

fn wrapper(folder: &Folder, program: &Path, data: &Path, kind: Program) -> Vec<u8> {
    let mut script: Vec<u8> = b"#!/bin/sh\n".to_vec();
    let mut line = |parts: &[&[u8]]| {
        script.extend(parts.concat());
        script.push(b'\n');
    };
    let options: &[u8] = match kind {
        Program::Initdb => b" --auth=scram-sha-256 --locale=C.UTF-8",
        Program::PgCtl => b"",
    };
    let program = quoted(program.as_os_str());
    line(&[b"export PGCTLTIMEOUT=120"]);
    line(&[b"cd /"]);
    let Some(user) = folder.user else {
        line(&[b"exec ", &program, b" \"$@\"", options]);
        return script;
    };

    // The user PostgreSQL runs as may not be able to enter the folders above
    // the data (a checkout in root's home). An open folder can be entered
    // whatever lies above it, so it is opened here, while we are root, and
    // handed on by its number; the last -D and -l are the ones that count.
    const OPEN: &str = "/proc/self/fd/8";
    line(&[b"exec 8<", &quoted(data.as_os_str())]);
    let ids = format!(
        "exec setpriv --reuid={} --regid={} --clear-groups --no-new-privs ",
        user.uid, user.gid
    );
    match kind {
        Program::Initdb => {
            let password = quoted(folder.password_file().as_os_str());
            let last = format!(" --pwfile=/dev/stdin -D {OPEN} <");
            line(&[ids.as_bytes(), &program, b" \"$@\"", options, last.as_bytes(), &password]);
        }
        Program::PgCtl => {
            let last = format!(" -D {OPEN} -l {OPEN}/start.log");
            line(&[ids.as_bytes(), &program, b" \"$@\"", options, last.as_bytes()]);
        }
    }
    script
}

/// Written only when it differs: a file that is being run cannot be opened for
/// writing.
fn write(folder: &Folder, path: &Path, script: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|present| present == script) {
        return Ok(());
    }
    let new = path.with_extension("new");
    fs::write(&new, script)
        .and_then(|()| fs::set_permissions(&new, fs::Permissions::from_mode(0o755)))
        .and_then(|()| fs::rename(&new, path))
        .map_err(folder.failed())
}

/// A word of the shell, whatever it holds.
fn quoted(text: &OsStr) -> Vec<u8> {
    let mut word = vec![b'\''];
    for byte in text.as_bytes() {
        match byte {
            b'\'' => word.extend(b"'\\''"),
            other => word.push(*other),
        }
    }
    word.push(b'\'');
    word
}

fn on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find(|folder| is_complete(folder))
}

fn is_complete(bin: &Path) -> bool {
    bin.join("initdb").exists() && bin.join("pg_ctl").exists()
}
