//! Settings as text: the environment over a file, and nothing that is not documented.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use imprimatur::domain::metering::EVENT_AGE_DAYS_MAX;
use url::Url;

use super::{Archive, Database, Error, KEYS, Secret};

/// Settings as text, before they are read.
#[derive(Clone, Debug, Default)]
pub struct Source(BTreeMap<String, String>);

impl Source {
    /// The environment, over the file that `IMPRIMATUR_CONFIG` names.
    pub fn load(environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut own = BTreeMap::new();
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix("IMPRIMATUR_") {
                own.insert(key.to_owned(), value);
            }
        }
        // The build's own scripts share the prefix.
        own.retain(|key, _| !matches!(key.as_str(), "CACHE" | "ROOT" | "RUN" | "TEST_PORT"));
        let mut all = match own.get("CONFIG") {
            Some(file) => read_file(Path::new(file))?,
            None => BTreeMap::new(),
        };
        all.append(&mut own);
        let known: BTreeSet<&str> = KEYS.iter().copied().collect();
        match all.keys().find(|key| !known.contains(key.as_str())) {
            Some(unknown) => Err(Error::Unknown(format!("IMPRIMATUR_{unknown}"))),
            None => Ok(Self(all)),
        }
    }

    /// Sets what is not set yet.
    pub fn or_set(&mut self, key: &'static str, value: impl Into<String>) {
        self.0.entry(key.to_owned()).or_insert_with(|| value.into());
    }

    /// How the world reaches it, without a slash at the end.
    pub fn base_url(&self) -> Result<String, Error> {
        let (_, base_url) = self.addresses()?;
        Ok(base_url.as_str().trim_end_matches('/').to_owned())
    }

    pub(super) fn addresses(&self) -> Result<(SocketAddr, Url), Error> {
        let listen = self.read("LISTEN", SocketAddr::from(([127, 0, 0, 1], 3000)))?;
        let base_url = match self.text("BASE_URL") {
            Some(text) => parse("BASE_URL", text)?,
            None => parse("BASE_URL", &format!("http://{listen}"))?,
        };
        Ok((listen, base_url))
    }

    /// Where the truth is kept; all that `migrate` needs.
    pub fn database(&self) -> Result<Database, Error> {
        Ok(Database {
            url: Secret(self.required("DATABASE_URL")?.to_owned()),
            connections_max: self.read("DATABASE_CONNECTIONS_MAX", 16)?,
        })
    }

    /// Where old usage events go; with the database, all that `archive` needs.
    pub fn archive(&self) -> Result<Archive, Error> {
        let raw_days = self.read("RAW_DAYS", 90)?;
        // Reports are taken for so long, and an archived month takes none.
        let least = u16::try_from(EVENT_AGE_DAYS_MAX).unwrap_or(u16::MAX);
        if raw_days <= least {
            return Err(Error::Unreadable {
                key: "RAW_DAYS",
                reason: format!("uses may be reported for {least} days; keep events longer"),
            });
        }
        Ok(Archive { dir: PathBuf::from(self.required("DATA_DIR")?).join("archive"), raw_days })
    }

    pub(super) fn text(&self, key: &'static str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, key: &'static str) -> Result<&str, Error> {
        self.text(key).ok_or(Error::Missing(key))
    }

    /// The value of a key, read, or its default.
    pub fn read<T: FromStr<Err: fmt::Display>>(
        &self,
        key: &'static str,
        default: T,
    ) -> Result<T, Error> {
        self.text(key).map_or(Ok(default), |text| parse(key, text))
    }
}

fn read_file(file: &Path) -> Result<BTreeMap<String, String>, Error> {
    let failed = |reason: String| Error::File { file: file.to_owned(), reason };
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let table: toml::Table =
        text.parse().map_err(|error: toml::de::Error| failed(error.to_string()))?;
    Ok(table
        .into_iter()
        .map(|(key, value)| {
            let value = match value {
                toml::Value::String(text) => text,
                other => other.to_string(),
            };
            (key.to_ascii_uppercase(), value)
        })
        .collect())
}

pub(super) fn parse<T: FromStr<Err: fmt::Display>>(
    key: &'static str,
    text: &str,
) -> Result<T, Error> {
    text.trim()
        .parse()
        .map_err(|error: T::Err| Error::Unreadable { key, reason: error.to_string() })
}

pub(super) fn decode(key: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD
        .decode(text.trim())
        .map_err(|_| Error::Unreadable { key, reason: "it is not base64".into() })
}
