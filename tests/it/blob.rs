//! Blobs in a folder and on a real S3 server, by the same tests.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::path::Path;

use bytes::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use social_sentinel::blob::{BlobConfig, BlobError, BlobKind, BlobStore};

fn config(kind: BlobKind, folder: &Path, endpoint: String) -> BlobConfig {
    BlobConfig {
        kind,
        folder: folder.to_owned(),
        public_url_prefix: String::new(),
        max_bytes: 1000,
        endpoint,
        bucket: "shots".to_owned(),
        region: "auto".to_owned(),
        access_key_id: "id".to_owned().into(),
        access_key_id_file: "".into(),
        secret_access_key: "secret".to_owned().into(),
        secret_access_key_file: "".into(),
        connect_timeout_ms: 2000,
        attempt_timeout_ms: 5000,
        max_attempts: 2,
    }
}

/// An S3 server in this process that keeps its buckets in `folder`; answers its address.
pub(crate) async fn s3_server(folder: &Path) -> String {
    std::fs::create_dir(folder.join("shots")).unwrap();
    let mut builder = s3s::service::S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
    builder.set_auth(s3s::auth::SimpleAuth::from_single("id", "secret"));
    let service = builder.build();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                server.serve_connection(TokioIo::new(socket), service).await
            });
        }
    });
    format!("http://{address}")
}

async fn both() -> (Vec<BlobStore>, tempfile::TempDir, tempfile::TempDir) {
    let (folder, buckets) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let endpoint = s3_server(buckets.path()).await;
    let stores = vec![
        BlobStore::open(&config(BlobKind::Folder, folder.path(), String::new())).unwrap(),
        BlobStore::open(&config(BlobKind::R2, folder.path(), endpoint)).unwrap(),
    ];
    (stores, folder, buckets)
}

#[tokio::test]
async fn a_blob_is_written_read_overwritten_and_deleted() {
    let (stores, _folder, _buckets) = both().await;
    for store in stores {
        store.check().await.unwrap();
        for key in ["plain.webp", "tiktok/nasa/1.webp", "instagram/ünï çødé+&=%/2 3.webp", "tiktok/.dots./x"] {
            assert!(matches!(store.get(key).await, Err(BlobError::NotFound { .. })), "{store:?} {key}");
            store.put(key, Bytes::from_static(b"one"), "image/webp").await.unwrap();
            store.put(key, Bytes::from_static(b"another"), "image/webp").await.unwrap();
            assert_eq!(store.get(key).await.unwrap(), "another");
            store.delete(key).await.unwrap();
            store.delete(key).await.unwrap();
            assert!(matches!(store.get(key).await, Err(BlobError::NotFound { .. })), "{store:?} {key}");
        }
    }
}

#[tokio::test]
async fn a_list_comes_in_pages_in_the_order_of_the_keys() {
    let (stores, _folder, _buckets) = both().await;
    let keys = ["a-b/1", "a/0", "a/b/1", "a/b/2", "a0", "b"];
    for store in stores {
        for key in keys {
            store.put(key, Bytes::from_static(b"xyz"), "text/plain").await.unwrap();
        }
        let mut seen = Vec::new();
        loop {
            let page = store.list("", seen.last().map(String::as_str), 2).await.unwrap();
            assert!(page.len() <= 2 && page.iter().all(|entry| entry.bytes == 3 && entry.modified.is_some()));
            if page.is_empty() {
                break;
            }
            seen.extend(page.into_iter().map(|entry| entry.key));
        }
        assert_eq!(seen, keys, "{store:?}");
        let under = |prefix: &'static str| {
            let store = store.clone();
            async move { store.list(prefix, None, 9).await.unwrap().into_iter().map(|e| e.key).collect::<Vec<_>>() }
        };
        assert_eq!(under("a/b").await, ["a/b/1", "a/b/2"]);
        assert_eq!(under("a").await.len(), 5);
        assert_eq!(under("none/").await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_is_too_large_or_would_escape_is_refused_before_anything_is_written() {
    let (stores, folder, _buckets) = both().await;
    for store in stores {
        let large = store.put("x", Bytes::from(vec![0; 1001]), "text/plain").await;
        assert!(matches!(large, Err(BlobError::TooLarge { bytes: 1001, most: 1000, .. })), "{large:?}");
        for key in ["../x", "/x", "a/../../x", "a\\x", ""] {
            let refused = store.put(key, Bytes::from_static(b"x"), "text/plain").await;
            assert!(matches!(refused, Err(BlobError::BadKey { .. })), "{key:?} {refused:?}");
            assert!(matches!(store.delete(key).await, Err(BlobError::BadKey { .. })));
        }
        assert!(store.list("", None, 9).await.unwrap().is_empty());
    }
    std::fs::write(folder.path().join("grown"), vec![0; 2000]).unwrap();
    let store = BlobStore::open(&config(BlobKind::Folder, folder.path(), String::new())).unwrap();
    assert!(matches!(store.get("grown").await, Err(BlobError::TooLarge { bytes: 2000, .. })));
}

#[tokio::test]
async fn an_s3_that_refuses_or_is_away_is_told_with_what_to_check() {
    let buckets = tempfile::tempdir().unwrap();
    let endpoint = s3_server(buckets.path()).await;
    let mut wrong = config(BlobKind::R2, buckets.path(), endpoint.clone());
    wrong.secret_access_key = "other".to_owned().into();
    let error = BlobStore::open(&wrong).unwrap().check().await.unwrap_err();
    assert!(matches!(error, BlobError::Refused { .. }), "{error}");
    let mut elsewhere = config(BlobKind::R2, buckets.path(), endpoint);
    elsewhere.bucket = "nowhere".to_owned();
    let error = BlobStore::open(&elsewhere).unwrap().check().await.unwrap_err();
    assert!(error.to_string().contains("no such bucket") && error.to_string().contains("nowhere"), "{error}");
    let away = config(BlobKind::R2, buckets.path(), "http://127.0.0.1:1".to_owned());
    let error = BlobStore::open(&away).unwrap().check().await.unwrap_err();
    assert!(matches!(error, BlobError::Unreachable { .. }), "{error}");
    let mut unset = config(BlobKind::R2, buckets.path(), String::new());
    assert!(BlobStore::open(&unset).unwrap_err().to_string().contains("blob.endpoint is not set"));
    unset.endpoint = "http://127.0.0.1:1".to_owned();
    unset.secret_access_key_file = "also".into();
    assert!(BlobStore::open(&unset).unwrap_err().to_string().contains("both set"));
}

#[tokio::test]
async fn an_s3_that_asks_to_slow_down_is_told_in_its_own_words() {
    let busy = || async {
        let said = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
        (axum::http::StatusCode::SERVICE_UNAVAILABLE, [("content-type", "application/xml")], said)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(busy)).await.unwrap() });
    let store = BlobStore::open(&config(BlobKind::R2, Path::new(""), endpoint.clone())).unwrap();
    let error = store.put("a/b", Bytes::from_static(b"x"), "text/plain").await.unwrap_err();
    let said = format!(
        "{endpoint}/shots does not answer as it should (503 SlowDown Please reduce your request rate.): check blob.endpoint and the network"
    );
    assert_eq!(error.to_string(), said);
}

#[tokio::test]
async fn a_public_address_needs_a_prefix_and_deleting_leaves_no_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut with = config(BlobKind::Folder, folder.path(), String::new());
    let store = BlobStore::open(&with).unwrap();
    assert_eq!(store.public_url("a/b c"), None);
    with.public_url_prefix = "https://shots.example.com/".to_owned();
    let store = BlobStore::open(&with).unwrap();
    assert_eq!(store.public_url("a/b c").unwrap(), "https://shots.example.com/a/b%20c");
    store.put("x/y/z", Bytes::from_static(b"1"), "text/plain").await.unwrap();
    assert!(store.file("x/y/z").unwrap().is_file());
    store.delete("x/y/z").await.unwrap();
    assert!(!folder.path().join("x").exists());
    assert_eq!(std::fs::read_dir(folder.path().join(".incoming")).unwrap().count(), 0);
}
