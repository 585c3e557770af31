//! Blobs in Cloudflare R2, by the S3 protocol. Path style, region `auto`, and checksums only where the protocol asks for
//! them: the SDK otherwise sends trailers that not every S3 takes.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use chrono::DateTime;
use secrecy::{ExposeSecret as _, SecretString};

use super::{BlobConfig, BlobEntry, BlobError};

/// A bucket.
#[derive(Debug, Clone)]
pub(super) struct R2 {
    client: Client,
    bucket: String,
    place: String,
}

/// What the settings say of a bucket, complete.
pub(super) struct Place<'a> {
    endpoint: &'a str,
    bucket: &'a str,
    id: SecretString,
    key: SecretString,
}

impl<'a> Place<'a> {
    /// Reads it; nobody is asked.
    pub(super) fn of(config: &'a BlobConfig) -> Result<Self, BlobError> {
        let endpoint = required("endpoint", &config.endpoint)?;
        let bucket = required("bucket", &config.bucket)?;
        if url::Url::parse(endpoint).is_err() {
            let problem = format!("{endpoint:?} is not a URL as in https://<account>.r2.cloudflarestorage.com");
            return Err(BlobError::Setting { key: "endpoint", problem });
        }
        Ok(Self { endpoint, bucket, id: config.access_key_id()?, key: config.secret_access_key()? })
    }
}

impl R2 {
    pub(super) fn open(config: &BlobConfig) -> Result<Self, BlobError> {
        let Place { endpoint, bucket, id, key } = Place::of(config)?;
        let credentials = Credentials::new(id.expose_secret(), key.expose_secret(), None, None, "blob settings");
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(config.connect_timeout())
            .operation_attempt_timeout(config.attempt_timeout())
            .operation_timeout(config.attempt_timeout().saturating_mul(config.max_attempts.max(1)))
            .build();
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.region.clone()))
            .endpoint_url(endpoint)
            .force_path_style(true)
            .credentials_provider(credentials)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(config.max_attempts.max(1)))
            .build();
        let place = format!("{}/{bucket}", endpoint.trim_end_matches('/'));
        Ok(Self { client: Client::from_conf(settings), bucket: bucket.to_owned(), place })
    }

    pub(super) async fn check(&self) -> Result<(), BlobError> {
        let asked = self.client.head_bucket().bucket(&self.bucket).send().await;
        asked.map(drop).map_err(|error| self.error("", error))
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes, content_type: &str) -> Result<(), BlobError> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(content_type);
        put.body(ByteStream::from(bytes)).send().await.map(drop).map_err(|error| self.error(key, error))
    }

    pub(super) async fn get(&self, key: &str, most: u64) -> Result<Bytes, BlobError> {
        let asked = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        let mut body = asked.map_err(|error| self.error(key, error))?.body;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| self.unreachable(format!("{}", DisplayErrorContext(&error))))?;
            bytes.extend_from_slice(&chunk);
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if size > most {
                return Err(BlobError::TooLarge { key: key.to_owned(), bytes: size, most });
            }
        }
        Ok(bytes.freeze())
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), BlobError> {
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        match deleted.map(drop).map_err(|error| self.error(key, error)) {
            Err(BlobError::NotFound { .. }) => Ok(()),
            done => done,
        }
    }

    pub(super) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<BlobEntry>, BlobError> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let ask = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).max_keys(most);
        let page = ask.set_start_after(after.map(str::to_owned)).send().await.map_err(|error| self.error("", error))?;
        let entries = page.contents.unwrap_or_default().into_iter().filter_map(|object| {
            let modified = object.last_modified.and_then(|at| DateTime::from_timestamp(at.secs(), at.subsec_nanos()));
            let bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
            Some(BlobEntry { key: object.key?, bytes, modified })
        });
        Ok(entries.collect())
    }

    fn unreachable(&self, detail: String) -> BlobError {
        BlobError::Unreachable { place: self.place.clone(), detail }
    }

    fn error<E>(&self, key: &str, error: SdkError<E>) -> BlobError
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default();
        let bucket_missing = code == "NoSuchBucket" || (status == Some(404) && key.is_empty());
        let place = self.place.clone();
        if bucket_missing {
            return BlobError::Refused { place, detail: "there is no such bucket".to_owned() };
        }
        match status {
            Some(404) => BlobError::NotFound { key: key.to_owned(), place },
            Some(status @ (400 | 401 | 403)) => BlobError::Refused { place, detail: format!("{status} {code}") },
            Some(status) => {
                let said = error.message().unwrap_or_default();
                self.unreachable(format!("{status} {code} {said}").trim_end().to_owned())
            }
            None => self.unreachable(format!("{}", DisplayErrorContext(&error))),
        }
    }
}

fn required<'a>(key: &'static str, value: &'a str) -> Result<&'a str, BlobError> {
    if value.is_empty() {
        return Err(BlobError::Setting { key, problem: "is not set; blob.kind = \"r2\" needs it".to_owned() });
    }
    Ok(value)
}
