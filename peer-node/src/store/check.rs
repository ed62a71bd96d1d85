//! Looking over the whole database: pages, rows that belong together, chains without holes.

use sea_orm::{ConnectionTrait, QueryResult};

use super::{Error, Store, statement, unsigned};

/// What a look over the whole database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub events: u64,
    pub chains: u64,
    /// What is wrong, a sentence each; none: it is intact.
    pub faults: Vec<String>,
}

/// More than this many are not told one by one.
const FAULTS: usize = 10;

/// The number of a chain's first event.
const FIRST: u64 = 1;

const CHAINS: &str = "SELECT chain, COUNT(*), MIN(seq), MAX(seq) FROM event GROUP BY chain ORDER BY chain";

impl Store {
    /// Reads every page, checks its seal and the trees, and that no chain of events has a hole.
    ///
    /// # Errors
    /// A database that is busy, or a disk that fails. Damage is what is found, not an error.
    pub async fn check(&self) -> Result<Checked, Error> {
        let mut found = Checked { events: 0, chains: 0, faults: Vec::new() };
        // Behind the first broken seal everything else only says the same in worse words.
        let done = match self.pages(&mut found).await {
            Ok(()) if found.faults.is_empty() => self.rows_and_chains(&mut found).await,
            done => done,
        };
        match done {
            Ok(()) => {}
            Err(Error::Damaged(what)) => found.faults.push(what.to_owned()),
            Err(Error::Database(_)) => found.faults.push("a part of it cannot be read".to_owned()),
            Err(error) => return Err(error),
        }
        found.faults.truncate(FAULTS);
        Ok(found)
    }

    /// One by one: a pragma can stand in no other statement.
    async fn rows(&self, sql: &'static str) -> Result<Vec<QueryResult>, Error> {
        Ok(self.0.readers.query_all_raw(statement(sql, vec![])).await?)
    }

    async fn pages(&self, found: &mut Checked) -> Result<(), Error> {
        // A row for each page whose seal is broken.
        for row in self.rows("PRAGMA cipher_integrity_check").await? {
            found.faults.push(row.try_get_by_index(0)?);
        }
        Ok(())
    }

    async fn rows_and_chains(&self, found: &mut Checked) -> Result<(), Error> {
        for row in self.rows("PRAGMA integrity_check").await? {
            let said: String = row.try_get_by_index(0)?;
            if said != "ok" {
                found.faults.push(said);
            }
        }
        for row in self.rows("PRAGMA foreign_key_check").await? {
            let table: String = row.try_get_by_index(0)?;
            found.faults.push(format!("a row of the table {table} belongs to nothing"));
        }
        for row in self.rows(CHAINS).await? {
            let number = |at| Ok::<_, Error>(unsigned(row.try_get_by_index(at)?));
            let (chain, count, first, last) = (number(0)?, number(1)?, number(2)?, number(3)?);
            found.chains += 1;
            found.events += count;
            if first != FIRST || last - first + 1 != count {
                found.faults.push(format!("chain {chain} has {count} of the events {FIRST} to {last}"));
            }
        }
        Ok(())
    }
}
