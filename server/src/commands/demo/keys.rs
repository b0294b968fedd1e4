//! The demo's keys, made once and kept beside its data, readable by their owner only.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use imprimatur::services::gate::Signer;
use rand::RngCore as _;

use super::super::{Error, runtime};

/// Each in the form the configuration takes.
pub struct Keys {
    pub receipt: String,
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
    let receipt = kept(&dir.join("receipt"), || {
        let (_, pkcs8) = Signer::generate().map_err(runtime::Error::Service)?;
        Ok(STANDARD.encode(pkcs8))
    })?;
    let cursor = kept(&dir.join("cursor"), || Ok(random()))?;
    let client = kept(&dir.join("client"), || Ok(random()))?;
    Ok(Keys { receipt, cursor, client })
}

fn random() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    STANDARD.encode(bytes)
}

fn kept(file: &Path, make: impl FnOnce() -> Result<String, Error>) -> Result<String, Error> {
    let failed = "Keeping a key";
    match fs::read_to_string(file) {
        Ok(text) if !text.is_empty() => return Ok(text),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io("Reading a key")(error)),
    }
    let text = make()?;
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
