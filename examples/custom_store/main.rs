//! A store of one's own, from scratch, in any place that can compare and swap one value.
//!
//! Here the place is a [`Cell`] in memory; an object store with conditional writes or a key of etcd would do as
//! well. A unit of work takes a copy of the whole value, works on it, and puts it back if nobody else did in the
//! meantime. Who comes second is told [`Conflict`](StoreError::Conflict), and the flows run the unit again.
//!
//! What each method must do is in the documentation of the ports in `durward::store`. Whether it does is tested
//! by one line, `durward_conformance::suite!(fresh)`: look there first when you write a store.
#![expect(clippy::print_stdout, reason = "a program for people to look at")]

mod audit;
mod bootstraps;
mod clients;
mod dossier;
mod factors;
mod leftovers;
mod letters;
mod nodes;
mod organizations;
mod people;
mod sessions;
mod tables;

use std::error::Error;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use durward::accounts::NewUser;
use durward::store::{Result, Tx};
use durward::{
    Accounts, Attrs, EmailAddress, NoAttributes, Origin, PersonName, Plain, Store, StoreError, unit,
};
use durward_examples::{keys_for_this_run, parts};

use tables::Tables;

/// A store in a cell; clones share it.
struct CellStore<A: Attrs = Plain>(Arc<Cell<A>>);

/// Holds one value with its version.
struct Cell<A: Attrs>(Mutex<(u64, Arc<Tables<A>>)>);

impl<A: Attrs> Cell<A> {
    fn load(&self) -> (u64, Arc<Tables<A>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the value, if its version is still the one that was seen.
    fn compare_and_swap(&self, seen: u64, value: Tables<A>) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = held.0 == seen;
        if ours {
            *held = (seen + 1, Arc::new(value));
        }
        ours
    }
}

/// What the flows work with. As look-ups it reads the cell each time; as a unit of work it has a draft.
struct Handle<A: Attrs> {
    cell: Arc<Cell<A>>,
    draft: Draft<A>,
}

enum Draft<A: Attrs> {
    /// Look-ups only.
    None,
    /// A copy of the value, and the version that it was made of.
    Open(u64, Box<Tables<A>>),
    /// A call failed, so nothing may be committed.
    Spent,
}

impl<A: Attrs> Store for CellStore<A> {
    type Attrs = A;
    type Read<'c> = Handle<A>;
    type Tx<'c> = Handle<A>;

    async fn read(&self) -> Result<Handle<A>> {
        Ok(Handle { cell: Arc::clone(&self.0), draft: Draft::None })
    }

    async fn begin(&self) -> Result<Handle<A>> {
        let (version, tables) = self.0.load();
        let draft = Draft::Open(version, Box::new(Tables::clone(&tables)));
        Ok(Handle { cell: Arc::clone(&self.0), draft })
    }

    async fn pause(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }

    fn is_shared(&self) -> bool {
        // Nobody outside of this process sees it.
        false
    }
}

impl<A: Attrs> Handle<A> {
    /// Looks something up.
    fn look<T>(&self, look: impl FnOnce(&Tables<A>) -> T) -> Result<T> {
        match &self.draft {
            Draft::None => Ok(look(&self.cell.load().1)),
            Draft::Open(_, tables) => Ok(look(tables)),
            Draft::Spent => Err(StoreError::Spent),
        }
    }

    /// Changes the draft. After an error nothing of the unit may ever be committed.
    fn write<T>(&mut self, write: impl FnOnce(&mut Tables<A>) -> Result<T>) -> Result<T> {
        let Draft::Open(_, tables) = &mut self.draft else { return Err(StoreError::Spent) };
        write(tables).inspect_err(|_| self.draft = Draft::Spent)
    }
}

impl<A: Attrs> Tx<A> for Handle<A> {
    async fn commit(mut self) -> Result<()> {
        let Draft::Open(seen, tables) = mem::replace(&mut self.draft, Draft::Spent) else {
            return Err(StoreError::Spent);
        };
        if self.cell.compare_and_swap(seen, *tables) { Ok(()) } else { Err(StoreError::Conflict) }
    }
}

impl<A: Attrs> Default for CellStore<A> {
    fn default() -> Self {
        Self(Arc::new(Cell(Mutex::new((0, Arc::default())))))
    }
}

impl<A: Attrs> Clone for CellStore<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let store: CellStore = CellStore::default();
    let accounts = Accounts::new(parts(store.clone(), keys_for_this_run()?)?)?;
    let new = NewUser {
        name: PersonName::parse("Ada")?,
        email: EmailAddress::parse("ada@example.com")?,
        proven: true,
        password: None,
        roles: Vec::new(),
        attrs: NoAttributes {},
    };
    let made: std::result::Result<_, durward::Error> =
        unit!(accounts, |tx| accounts.create_user(tx, new.clone(), &Origin::default()).await);
    let user = made?.user;
    println!("{} is in version {} of the cell", user.id, store.0.load().0);
    Ok(())
}

#[cfg(test)]
mod promises {
    use super::CellStore;
    use durward_conformance::Suite;

    async fn fresh() -> CellStore<Suite> {
        CellStore::default()
    }

    durward_conformance::suite!(fresh);
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_testing::{TestAccounts, TestApp};

    #[tokio::test]
    async fn an_app_runs_on_it() {
        let app = TestApp::of(TestAccounts::on(CellStore::<Plain>::default()));
        let ada = app.sign_up("ada@example.com").await;
        app.get("/v1/users/me").bearer(&ada.token).send().await.expect(200);
        assert_eq!(app.log_in("ada@example.com").await.user, ada.user);
    }

    #[tokio::test]
    async fn who_comes_second_is_told() {
        // R-CC-03
        let store = CellStore::<Plain>::default();
        let (one, other) = (store.begin().await.unwrap(), store.begin().await.unwrap());
        one.commit().await.unwrap();
        assert!(matches!(other.commit().await, Err(StoreError::Conflict)));
    }
}
