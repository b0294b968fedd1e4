//! The demo's keys, made once and kept beside its data, readable by their owner only.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::RngCore as _;

use super::super::Error;

/// Each in the form the configuration takes.
pub struct Keys {
    pub secret: String,
    pub cursor: String,
    pub client: String,
}

/// The keys kept in `dir`, made where they are missing.
pub fn keep(dir: &Path) -> Result<Keys, Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(Error::io("Making the folder for keys"))?;
    let secret = kept(&dir.join("secret"))?;
    let cursor = kept(&dir.join("cursor"))?;
    let client = kept(&dir.join("client"))?;
    Ok(Keys { secret, cursor, client })
}

fn random() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    STANDARD.encode(bytes)
}

fn kept(file: &Path) -> Result<String, Error> {
    let failed = "Keeping a key";
    match fs::read_to_string(file) {
        Ok(text) if !text.is_empty() => return Ok(text),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("Reading a key")(error)),
    }
    let text = random();
    let mut opened = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .map_err(Error::io(failed))?;
    opened.write_all(text.as_bytes()).map_err(Error::io(failed))?;
    Ok(text)
}
