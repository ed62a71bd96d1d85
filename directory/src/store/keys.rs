//! Keys, and the people who are found by them.

use protocol::{directory::Visibility, ids::UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult, Iterable,
    JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, Query, SelectStatement},
};

use super::{
    Account, Store,
    accounts::{read, visibility_number},
    broken, entity, stored_ms,
};

/// Somebody with keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub account: Account,
    /// CBOR of a profile.
    pub profile: Vec<u8>,
}

/// Somebody in the open list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonRow {
    pub account: String,
    pub username: String,
    pub user: UserId,
}

/// What became of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    Done,
    /// The account has other keys by now than the caller saw.
    Meanwhile,
    /// Another account stands for this user.
    Foreign,
}

/// The column that says whether the account has blocked the one who asks.
const BLOCKED_BY: &str = "blocked_by";

/// Accounts, with their profile, and whether they have blocked `asker`.
fn people(asker: &str) -> SelectStatement {
    let id = (entity::account::Entity, entity::account::Column::Id);
    let block = |column| Expr::col((entity::block::Entity, column));
    let blocks =
        block(entity::block::Column::Owner).equals(id).and(block(entity::block::Column::Blocked).eq(asker));
    Query::select()
        .columns(entity::account::Column::iter().map(|column| (entity::account::Entity, column)))
        .column((entity::profile::Entity, entity::profile::Column::Profile))
        .expr_as(block(entity::block::Column::Owner), BLOCKED_BY)
        .from(entity::account::Entity)
        .join(
            JoinType::LeftJoin,
            entity::profile::Entity,
            Expr::col((entity::profile::Entity, entity::profile::Column::Account)).equals(id),
        )
        .join(JoinType::LeftJoin, entity::block::Entity, blocks)
        .to_owned()
}

impl Store {
    /// The newest profile of an account.
    pub(crate) async fn profile(&self, account: &str) -> Result<Option<Vec<u8>>, DbErr> {
        Ok(entity::profile::Entity::find_by_id(account).one(&self.read).await?.map(|row| row.profile))
    }

    /// Stores `profile` if the account still has `old`. `reset` counts it as one.
    pub(crate) async fn publish(
        &self,
        account: &str,
        old: Option<&[u8]>,
        profile: &[u8],
        user: UserId,
        reset: bool,
        now: u64,
    ) -> Result<Published, DbErr> {
        let step = self.begin().await?;
        let stored = entity::profile::Entity::find_by_id(account).one(&step).await?.map(|row| row.profile);
        if stored.as_deref() != old {
            step.rollback().await?;
            return Ok(Published::Meanwhile);
        }
        let user = user.to_string();
        let known = entity::known_user::Entity::find_by_id(&user).one(&step).await?;
        if known.is_some_and(|known| known.account != account) {
            step.rollback().await?;
            return Ok(Published::Foreign);
        }
        let row = entity::profile::ActiveModel {
            account: Set(account.to_owned()),
            profile: Set(profile.to_vec()),
            published: Set(stored_ms(now)),
        };
        let replace = OnConflict::column(entity::profile::Column::Account)
            .update_columns([entity::profile::Column::Profile, entity::profile::Column::Published])
            .to_owned();
        entity::profile::Entity::insert(row).on_conflict(replace).exec_without_returning(&step).await?;
        let known = entity::known_user::ActiveModel {
            user_id: Set(user.clone()),
            account: Set(account.to_owned()),
            since: Set(stored_ms(now)),
        };
        let keep = OnConflict::column(entity::known_user::Column::UserId).do_nothing().to_owned();
        entity::known_user::Entity::insert(known).on_conflict(keep).exec_without_returning(&step).await?;
        let resets = Expr::col(entity::account::Column::Resets);
        entity::account::Entity::update_many()
            .col_expr(entity::account::Column::UserId, Expr::value(user))
            .col_expr(entity::account::Column::Resets, resets.add(i32::from(reset)))
            .filter(entity::account::Column::Id.eq(account))
            .exec(&step)
            .await?;
        step.commit().await?;
        Ok(Published::Done)
    }

    /// The person of this name, if `asker` may see them. One question to the database, the same in every case.
    pub(crate) async fn person_named(&self, username: &str, asker: &str) -> Result<Option<Person>, DbErr> {
        let mut question = people(asker);
        question
            .and_where(Expr::col((entity::account::Entity, entity::account::Column::Username)).eq(username));
        self.seen_by(&question, asker).await
    }

    /// The person who is or was this user, likewise.
    pub(crate) async fn person(&self, user: UserId, asker: &str) -> Result<Option<Person>, DbErr> {
        let mut question = people(asker);
        question
            .join(
                JoinType::InnerJoin,
                entity::known_user::Entity,
                Expr::col((entity::known_user::Entity, entity::known_user::Column::Account))
                    .equals((entity::account::Entity, entity::account::Column::Id)),
            )
            .and_where(
                Expr::col((entity::known_user::Entity, entity::known_user::Column::UserId))
                    .eq(user.to_string()),
            );
        self.seen_by(&question, asker).await
    }

    async fn seen_by(&self, question: &SelectStatement, asker: &str) -> Result<Option<Person>, DbErr> {
        let Some(row) = self.read.query_one(question).await? else { return Ok(None) };
        let account = read(entity::account::Model::from_query_result(&row, "")?)?;
        let profile: Option<Vec<u8>> = row.try_get("", "profile")?;
        let blocked: Option<String> = row.try_get("", BLOCKED_BY)?;
        let hidden = account.visibility == Visibility::Nobody && account.id != asker;
        let profile = profile.filter(|_| blocked.is_none() && !hidden);
        Ok(profile.map(|profile| Person { account, profile }))
    }

    /// The account that is or was this user, whoever asks.
    pub(crate) async fn account_of(&self, user: UserId) -> Result<Option<String>, DbErr> {
        let known = entity::known_user::Entity::find_by_id(user.to_string()).one(&self.read).await?;
        Ok(known.map(|known| known.account))
    }

    /// Listed people whose name contains `query`, without those who blocked `asker`; in the order of names.
    pub(crate) async fn listed(&self, query: &str, asker: &str, limit: u64) -> Result<Vec<PersonRow>, DbErr> {
        let blocking = Query::select()
            .column(entity::block::Column::Owner)
            .from(entity::block::Entity)
            .and_where(entity::block::Column::Blocked.eq(asker))
            .to_owned();
        // `_` is a letter of names, and a wildcard of LIKE.
        let pattern = format!("%{}%", query.replace(['\\', '%'], "").replace('_', "\\_"));
        let like = sea_orm::sea_query::LikeExpr::new(pattern).escape('\\');
        let rows = entity::account::Entity::find()
            .filter(
                Condition::all()
                    .add(entity::account::Column::Visibility.eq(visibility_number(Visibility::Everyone)))
                    .add(entity::account::Column::UserId.is_not_null())
                    .add(entity::account::Column::Username.like(like))
                    .add(entity::account::Column::Id.not_in_subquery(blocking)),
            )
            .order_by_asc(entity::account::Column::Username)
            .limit(limit)
            .all(&self.read)
            .await?;
        rows.into_iter()
            .map(|row| {
                let user = row.user_id.and_then(|user| user.parse().ok()).ok_or_else(|| broken("user"))?;
                Ok(PersonRow { account: row.id, username: row.username, user })
            })
            .collect()
    }

    /// Whom an account has blocked.
    pub(crate) async fn blocked_by(&self, owner: &str) -> Result<Vec<String>, DbErr> {
        let rows = entity::block::Entity::find()
            .filter(entity::block::Column::Owner.eq(owner))
            .all(&self.read)
            .await?;
        Ok(rows.into_iter().map(|row| row.blocked).collect())
    }

    pub(crate) async fn set_blocked(&self, owner: &str, blocked: &str, on: bool) -> Result<(), DbErr> {
        if !on {
            entity::block::Entity::delete_by_id((owner.to_owned(), blocked.to_owned()))
                .exec(&self.write)
                .await?;
            return Ok(());
        }
        let row =
            entity::block::ActiveModel { owner: Set(owner.to_owned()), blocked: Set(blocked.to_owned()) };
        let keep = OnConflict::columns([entity::block::Column::Owner, entity::block::Column::Blocked])
            .do_nothing()
            .to_owned();
        entity::block::Entity::insert(row).on_conflict(keep).exec_without_returning(&self.write).await?;
        Ok(())
    }
}
