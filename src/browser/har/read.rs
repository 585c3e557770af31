//! Reads an archive: `.har` with bodies inside or beside it, or `.zip` with everything inside.

use std::fs::File as DiskFile;
use std::io::{Cursor, Read, Seek};
use std::path::{Component, Path};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::form::{Content, File, Pair, Row};
use super::{Entry, Har, HarError};

/// The largest archive, its bodies included.
const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// A zip archive begins so.
const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Where `_file` bodies come from.
enum Beside<'a> {
    /// Nowhere: the archive came as bytes.
    Nowhere,
    /// The folder of the `.har` file.
    Folder(&'a Path),
    /// The zip around it.
    Zip(Box<zip::ZipArchive<Cursor<&'a [u8]>>>),
}

impl Har {
    /// Reads a `.har` or `.zip` file; which of the two is told from its first bytes.
    ///
    /// # Errors
    /// When it cannot be read, is no HAR, is too large, or names a body that is not there.
    pub fn read(path: &Path) -> Result<Self, HarError> {
        let file =
            DiskFile::open(path).map_err(|source| HarError::File { doing: "read", path: path.to_owned(), source })?;
        let input = path.display().to_string();
        let bytes = bounded(file, &input, MAX_BYTES)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        if bytes.starts_with(ZIP_MAGIC) {
            from_zip(&bytes, &input)
        } else {
            parse(&bytes, &input, Beside::Folder(folder))
        }
    }

    /// Reads an archive from memory, `.har` or `.zip`; bodies must be inside.
    ///
    /// # Errors
    /// As [`Har::read`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HarError> {
        let input = "the archive";
        if bytes.starts_with(ZIP_MAGIC) { from_zip(bytes, input) } else { parse(bytes, input, Beside::Nowhere) }
    }
}

fn malformed(input: &str, reason: impl ToString) -> HarError {
    HarError::Malformed { input: input.to_owned(), reason: reason.to_string() }
}

fn bounded(reader: impl Read, input: &str, limit: u64) -> Result<Vec<u8>, HarError> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|source| HarError::File {
        doing: "read",
        path: input.into(),
        source,
    })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(HarError::TooBig { input: input.to_owned(), limit });
    }
    Ok(bytes)
}

fn from_zip(bytes: &[u8], input: &str) -> Result<Har, HarError> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| malformed(input, e))?;
    let name = zip
        .file_names()
        .find(|name| Path::new(name).extension().is_some_and(|ext| ext == "har"))
        .map(str::to_owned)
        .ok_or_else(|| malformed(input, "no .har file in the zip"))?;
    let json = from_zip_entry(&mut zip, &name, input, MAX_BYTES)?;
    parse(&json, input, Beside::Zip(Box::new(zip)))
}

fn from_zip_entry<R: Read + Seek>(
    zip: &mut zip::ZipArchive<R>,
    name: &str,
    input: &str,
    limit: u64,
) -> Result<Vec<u8>, HarError> {
    let entry = zip.by_name(name).map_err(|e| malformed(input, format!("{name}: {e}")))?;
    bounded(entry, &format!("{input}: {name}"), limit)
}

fn parse(json: &[u8], input: &str, mut beside: Beside<'_>) -> Result<Har, HarError> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let file: File = serde_json::from_slice(json).map_err(|e| malformed(input, e))?;
    let mut left = MAX_BYTES;
    let mut entries = Vec::with_capacity(file.log.entries.len());
    for row in file.log.entries {
        entries.push(entry(row, input, &mut beside, &mut left)?);
    }
    Ok(Har::new(entries))
}

fn entry(row: Row, input: &str, beside: &mut Beside<'_>, left: &mut u64) -> Result<Entry, HarError> {
    let Row { request, response, .. } = row;
    let request_body = match request.post_data {
        Some(data) => Some(String::from_utf8_lossy(&body(data, input, beside, left)?).into_owned())
            .filter(|text| !text.is_empty()),
        None => None,
    };
    let mime = response.content.mime_type.clone();
    let mut headers = pairs(response.headers);
    let has_location = headers.iter().any(|(name, _)| name == "location");
    if !response.redirect_url.is_empty() && !has_location {
        headers.push(("location".to_owned(), response.redirect_url));
    }
    Ok(Entry {
        started_at: DateTime::parse_from_rfc3339(&row.started_date_time).ok().map(|time| time.with_timezone(&Utc)),
        took_ms: std::time::Duration::try_from_secs_f64(row.time / 1000.0)
            .map_or(0, |took| u64::try_from(took.as_millis()).unwrap_or(0)),
        page: row.pageref,
        resource_type: row.resource_type.map(|kind| kind.to_lowercase()),
        method: request.method.to_uppercase(),
        url: without_fragment(&request.url).to_owned(),
        request_headers: pairs(request.headers),
        request_body,
        status: u16::try_from(response.status).unwrap_or(0),
        headers,
        mime,
        body: Bytes::from(body(response.content, input, beside, left)?),
    })
}

/// A URL as it goes over the wire.
pub(in crate::browser) fn without_fragment(url: &str) -> &str {
    url.split_once('#').map_or(url, |(before, _)| before)
}

/// Headers with names in lower case; HTTP/2's pseudo headers are none.
fn pairs(pairs: Vec<Pair>) -> Vec<(String, String)> {
    let headers = pairs.into_iter().filter(|pair| !pair.name.starts_with(':'));
    headers.map(|pair| (pair.name.to_lowercase(), pair.value)).collect()
}

fn body(content: Content, input: &str, beside: &mut Beside<'_>, left: &mut u64) -> Result<Vec<u8>, HarError> {
    let bytes = match (content.text, content.file) {
        (Some(text), _) if content.encoding.as_deref() == Some("base64") => {
            STANDARD.decode(text.trim()).map_err(|e| malformed(input, format!("a body's base64: {e}")))?
        }
        (Some(text), _) => text.into_bytes(),
        (None, Some(file)) => beside_file(&file, input, beside, *left)?,
        (None, None) => Vec::new(),
    };
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    *left = left.checked_sub(size).ok_or_else(|| HarError::TooBig { input: input.to_owned(), limit: MAX_BYTES })?;
    Ok(bytes)
}

fn beside_file(file: &str, input: &str, beside: &mut Beside<'_>, left: u64) -> Result<Vec<u8>, HarError> {
    let inside = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    if file.is_empty() || !inside {
        return Err(malformed(input, format!("the body file {file:?} is not inside the archive's folder")));
    }
    match beside {
        Beside::Nowhere => Err(malformed(input, format!("the body file {file:?} is not at hand"))),
        Beside::Zip(zip) => from_zip_entry(zip, file, input, left),
        Beside::Folder(folder) => {
            let path = folder.join(file);
            let real = path.canonicalize().and_then(|real| Ok((real, folder.canonicalize()?)));
            let reader = match real {
                Ok((real, folder)) if real.starts_with(&folder) => DiskFile::open(real),
                Ok(_) => {
                    return Err(malformed(input, format!("the body file {file:?} leads out of the archive's folder")));
                }
                Err(error) => Err(error),
            };
            let reader = reader.map_err(|source| HarError::File { doing: "read", path, source })?;
            bounded(reader, &format!("{input}: {file}"), left)
        }
    }
}
