//! The tables' versions. The migrations are built into the program, so a binary always carries the schema it needs;
//! PostgreSQL's advisory lock lets only one of several starting processes apply them.

use sqlx::PgPool;
use sqlx::migrate::Migrator;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings the database to this program's schema; does nothing where it is there already.
///
/// # Errors
/// When a migration fails, or one that ran before was changed since.
pub async fn migrate(pool: &PgPool) -> Result<(), sqlx::migrate::MigrateError> {
    MIGRATIONS.run(pool).await
}
