//! A form with a file (RFC 7578): small fields in memory, the file on disk as it comes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use tokio::{
    fs::File,
    io::{AsyncWriteExt, BufWriter},
};

use super::Error;
use crate::{service, service::private};

/// No field but the file is longer.
const MAX_FIELD: usize = 4 << 10;
const MAX_FIELDS: usize = 16;

/// A file that is removed in the end, whoever hung up.
#[derive(Debug)]
pub(super) struct Passing(pub(super) PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What came.
#[derive(Debug)]
pub(super) struct Upload {
    fields: BTreeMap<String, String>,
    file: Passing,
}

impl Upload {
    /// Reads the whole form, with the field `file` into `place`. `vouch` judges the fields that stood before the file;
    /// without its word nothing is written.
    ///
    /// # Errors
    /// Something else than such a form, a field that is too long, no file, a full disk.
    pub(super) async fn receive(
        headers: &HeaderMap,
        body: Body,
        place: PathBuf,
        vouch: impl Fn(&BTreeMap<String, String>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = multer::parse_boundary(kind).map_err(|_| Error::NotSaidToBeParts)?;
        let mut parts = multer::Multipart::new(body.into_data_stream(), boundary);
        let mut fields = BTreeMap::new();
        let mut file = None;
        while let Some(mut part) = parts.next_field().await.map_err(|error| broken(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" && file.is_none() {
                vouch(&fields)?;
                let passing = Passing(place.clone());
                keep(&mut part, &passing.0).await?;
                file = Some(passing);
                continue;
            }
            let mut value = Vec::new();
            while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
                value.extend_from_slice(&chunk);
                if value.len() > MAX_FIELD || fields.len() >= MAX_FIELDS {
                    return Err(Error::Field { field: name, reason: "It is too long.".to_owned() });
                }
            }
            let value = String::from_utf8(value)
                .map_err(|_| Error::Field { field: name.clone(), reason: "It is not UTF-8.".to_owned() })?;
            fields.insert(name, value);
        }
        let file = file.ok_or_else(|| missing("file"))?;
        Ok(Self { fields, file })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file.0
    }

    /// # Errors
    /// A field that was not sent.
    pub(super) fn take(&mut self, name: &str) -> Result<String, Error> {
        self.fields.remove(name).ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> Error {
    Error::Field { field: name.to_owned(), reason: "It is missing.".to_owned() }
}

async fn keep(part: &mut multer::Field<'_>, place: &Path) -> Result<(), Error> {
    let file = private::create(place).map_err(|error| Error::from(service::Error::io(&error)))?;
    let mut file = BufWriter::new(File::from_std(file));
    while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
        file.write_all(&chunk).await.map_err(|error| Error::from(service::Error::io(&error)))?;
    }
    file.flush().await.map_err(|error| Error::from(service::Error::io(&error)))
}

fn broken(error: &multer::Error) -> Error {
    tracing::debug!(%error, "a form with a file broke off");
    Error::BrokenParts
}
