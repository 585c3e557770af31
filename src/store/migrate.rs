//! The tables' versions. The migrations are built into the program, so a binary always carries the schema it needs;
//! an advisory lock of PostgreSQL lets only one of several starting processes apply them. Old and new workers run side by
//! side, so a database that is *newer* than the program is no error (expand, then contract: `migrations/README.md`).

use sqlx::migrate::Migrator;
use sqlx::{Connection as _, PgPool};

use super::StoreError;

static MIGRATIONS: Migrator = Migrator { ignore_missing: true, ..sqlx::migrate!("./migrations") };

/// How the database's tables stand to this program's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SchemaState {
    /// Migrations of this program that have not run there, in order.
    pub pending: Vec<String>,
    /// Migrations that ran there and that this program does not know: a newer version was there.
    pub newer: Vec<i64>,
    /// Migrations that ran there in another wording than ours.
    pub changed: Vec<i64>,
}

impl SchemaState {
    /// Whether this program may work with the database.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.pending.is_empty() && self.changed.is_empty()
    }

    /// What a person should know; none where the two agree.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        if !self.changed.is_empty() {
            return Some(format!("migrations {:?} ran in another wording than this program's", self.changed));
        }
        if !self.pending.is_empty() {
            return Some(format!("migrations wait ({}): run `sentinel migrate`", self.pending.join(", ")));
        }
        (!self.newer.is_empty()).then(|| {
            format!("the database is newer than this program (it has migrations {:?}): upgrade this worker", self.newer)
        })
    }
}

/// Brings the database to this program's schema; does nothing where it is there already or newer.
///
/// # Errors
/// When a migration fails, or one that ran before was changed since.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    // A connection of its own: an index on a large table takes longer than a statement may take elsewhere.
    let mut connection = pool.acquire().await?.detach();
    sqlx::query("set statement_timeout = 0").execute(&mut connection).await?;
    let done = MIGRATIONS.run(&mut connection).await;
    connection.close().await?;
    Ok(done?)
}

/// Compares the database's migrations with this program's, changing nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn migrate_check(pool: &PgPool) -> Result<SchemaState, StoreError> {
    let there: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    let applied: Vec<(i64, Vec<u8>)> = if there {
        sqlx::query_as("select version, checksum from _sqlx_migrations where success order by version")
            .fetch_all(pool)
            .await?
    } else {
        Vec::new()
    };
    let ours = || MIGRATIONS.iter();
    let pending = ours().filter(|ours| applied.iter().all(|(version, _)| *version != ours.version));
    let newer = applied.iter().filter(|(version, _)| ours().all(|ours| ours.version != *version));
    let changed = applied.iter().filter(|(version, checksum)| {
        ours().any(|ours| ours.version == *version && ours.checksum.as_ref() != checksum.as_slice())
    });
    Ok(SchemaState {
        pending: pending.map(|ours| format!("{:04} {}", ours.version, ours.description)).collect(),
        newer: newer.map(|(version, _)| *version).collect(),
        changed: changed.map(|(version, _)| *version).collect(),
    })
}
