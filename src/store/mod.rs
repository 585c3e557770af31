//! PostgreSQL: the ledger of jobs and the record of everything that was read. Plain SQL, one function per question.

pub mod migrate;

pub use self::migrate::migrate;
