//! Accounts and their sessions.

use protocol::{directory::Visibility, ids::UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};

use super::{Store, broken, entity, is_unique, stored_ms};

/// An account, with what verifies its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub id: String,
    pub username: String,
    /// A PHC string.
    pub password: String,
    pub visibility: Visibility,
    pub version: i64,
    pub created: u64,
    pub user: Option<UserId>,
    pub resets: u32,
}

/// An account that shall be.
#[derive(Debug)]
pub(crate) struct NewAccount<'a> {
    pub id: &'a str,
    pub username: &'a str,
    pub skeleton: &'a str,
    pub password: &'a str,
    pub now: u64,
}

/// Somebody has this name, or one that looks like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken;

impl Store {
    pub(crate) async fn is_taken(&self, username: &str, skeleton: &str) -> Result<bool, DbErr> {
        let alike = Condition::any()
            .add(entity::account::Column::Username.eq(username))
            .add(entity::account::Column::Skeleton.eq(skeleton));
        Ok(entity::account::Entity::find().filter(alike).one(&self.read).await?.is_some())
    }

    pub(crate) async fn create_account(&self, new: NewAccount<'_>) -> Result<Result<(), Taken>, DbErr> {
        let row = entity::account::ActiveModel {
            id: Set(new.id.to_owned()),
            username: Set(new.username.to_owned()),
            skeleton: Set(new.skeleton.to_owned()),
            password: Set(new.password.to_owned()),
            visibility: Set(visibility_number(Visibility::default())),
            version: Set(1),
            created: Set(stored_ms(new.now)),
            user_id: Set(None),
            resets: Set(0),
        };
        match entity::account::Entity::insert(row).exec_without_returning(&self.write).await {
            Ok(_) => Ok(Ok(())),
            Err(error) if is_unique(&error) => Ok(Err(Taken)),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn account_named(&self, username: &str) -> Result<Option<Account>, DbErr> {
        let row = entity::account::Entity::find()
            .filter(entity::account::Column::Username.eq(username))
            .one(&self.read)
            .await?;
        row.map(read).transpose()
    }

    pub(crate) async fn account(&self, id: &str) -> Result<Option<Account>, DbErr> {
        let row = entity::account::Entity::find_by_id(id).one(&self.read).await?;
        row.map(read).transpose()
    }

    /// Replaces the stored hash if it is still `old`.
    pub(crate) async fn rehash(&self, account: &str, old: &str, new: &str) -> Result<(), DbErr> {
        entity::account::Entity::update_many()
            .col_expr(entity::account::Column::Password, Expr::value(new))
            .filter(entity::account::Column::Id.eq(account))
            .filter(entity::account::Column::Password.eq(old))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Another password: every session ends and every token stops to hold, but one new session begins.
    pub(crate) async fn change_password(
        &self,
        account: &str,
        password: &str,
        session: &str,
        now: u64,
    ) -> Result<(), DbErr> {
        let step = self.begin().await?;
        entity::account::Entity::update_many()
            .col_expr(entity::account::Column::Password, Expr::value(password))
            .col_expr(entity::account::Column::Version, Expr::col(entity::account::Column::Version).add(1))
            .filter(entity::account::Column::Id.eq(account))
            .exec(&step)
            .await?;
        entity::session::Entity::delete_many()
            .filter(entity::session::Column::Account.eq(account))
            .exec(&step)
            .await?;
        entity::session::Entity::insert(session_row(account, session, now))
            .exec_without_returning(&step)
            .await?;
        step.commit().await
    }

    pub(crate) async fn set_visibility(&self, account: &str, visibility: Visibility) -> Result<(), DbErr> {
        entity::account::Entity::update_many()
            .col_expr(entity::account::Column::Visibility, Expr::value(visibility_number(visibility)))
            .filter(entity::account::Column::Id.eq(account))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    /// Takes the account and all that hangs on it away.
    pub(crate) async fn delete_account(&self, account: &str) -> Result<(), DbErr> {
        entity::account::Entity::delete_by_id(account).exec(&self.write).await?;
        Ok(())
    }

    pub(crate) async fn begin_session(&self, account: &str, session: &str, now: u64) -> Result<(), DbErr> {
        entity::session::Entity::insert(session_row(account, session, now))
            .exec_without_returning(&self.write)
            .await?;
        Ok(())
    }

    /// The account of a session that runs.
    pub(crate) async fn session(&self, session: &str) -> Result<Option<Account>, DbErr> {
        let Some(session) = entity::session::Entity::find_by_id(session).one(&self.read).await? else {
            return Ok(None);
        };
        self.account(&session.account).await
    }

    pub(crate) async fn saw_session(&self, session: &str, now: u64) -> Result<(), DbErr> {
        entity::session::Entity::update_many()
            .col_expr(entity::session::Column::Seen, Expr::value(stored_ms(now)))
            .filter(entity::session::Column::Id.eq(session))
            .exec(&self.write)
            .await?;
        Ok(())
    }

    pub(crate) async fn end_session(&self, session: &str) -> Result<(), DbErr> {
        entity::session::Entity::delete_by_id(session).exec(&self.write).await?;
        Ok(())
    }

    /// Ends all sessions, and all tokens with them.
    pub(crate) async fn end_sessions(&self, account: &str) -> Result<(), DbErr> {
        let step = self.begin().await?;
        entity::account::Entity::update_many()
            .col_expr(entity::account::Column::Version, Expr::col(entity::account::Column::Version).add(1))
            .filter(entity::account::Column::Id.eq(account))
            .exec(&step)
            .await?;
        entity::session::Entity::delete_many()
            .filter(entity::session::Column::Account.eq(account))
            .exec(&step)
            .await?;
        step.commit().await
    }

    /// Ends sessions that were not seen since `before`.
    pub(crate) async fn end_old_sessions(&self, before: u64) -> Result<u64, DbErr> {
        let ended = entity::session::Entity::delete_many()
            .filter(entity::session::Column::Seen.lt(stored_ms(before)))
            .exec(&self.write)
            .await?;
        Ok(ended.rows_affected)
    }
}

fn session_row(account: &str, session: &str, now: u64) -> entity::session::ActiveModel {
    entity::session::ActiveModel {
        id: Set(session.to_owned()),
        account: Set(account.to_owned()),
        created: Set(stored_ms(now)),
        seen: Set(stored_ms(now)),
    }
}

pub(super) fn visibility_number(visibility: Visibility) -> i16 {
    match visibility {
        Visibility::Everyone => 0,
        Visibility::ExactName => 1,
        Visibility::Nobody => 2,
    }
}

pub(super) fn read(row: entity::account::Model) -> Result<Account, DbErr> {
    let visibility = match row.visibility {
        0 => Visibility::Everyone,
        1 => Visibility::ExactName,
        _ => Visibility::Nobody,
    };
    let user = row.user_id.map(|user| user.parse()).transpose().map_err(|_| broken("user"))?;
    Ok(Account {
        id: row.id,
        username: row.username,
        password: row.password,
        visibility,
        version: row.version,
        created: u64::try_from(row.created).unwrap_or_default(),
        user,
        resets: u32::try_from(row.resets).unwrap_or_default(),
    })
}
