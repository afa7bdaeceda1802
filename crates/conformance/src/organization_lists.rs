//! Promises about the lists of all organizations: what is told, in which order, and in parts of any size each once.

use durward_core::entity::{FoundOrganization, Organization, OrganizationMatch, SearchKey};
use durward_core::ids::OrganizationId;
use durward_core::store::{OrganizationQuery, Organizations, OrganizationsMut, Tx};
use durward_core::{PersonName, Slice, Store};

use crate::sample::{at, organization};
use crate::{Suite, given};

/// Every organization.
const ANY: OrganizationQuery = OrganizationQuery { archived: None };
const ARCHIVED: OrganizationQuery = OrganizationQuery { archived: Some(true) };
const PRESENT: OrganizationQuery = OrganizationQuery { archived: Some(false) };

/// All organizations are told from the highest id on, in parts of any size, and those that are archived, or are not, by
/// themselves.
pub async fn all_organizations_are_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let all = [200, 9, 3, 2].map(|n| Organization {
        archived: (n % 3 == 0).then(|| at(5)),
        // By id, whatever the times say.
        created: at(300 - i64::from(n)),
        ..organization(n)
    });
    let [one, two, three, four] = &all;
    given::organizations(store, &[three, one, four, two]).await;
    for limit in 1..=5 {
        for (query, expected) in [
            (ANY, vec![one, two, three, four]),
            (ARCHIVED, vec![two, three]),
            (PRESENT, vec![one, four]),
        ] {
            let told = told(store, query, limit).await;
            assert_eq!(told.iter().collect::<Vec<_>>(), expected, "{query:?} by {limit}");
        }
    }
    // A place stays one when nothing stands there.
    let after = Some(organization(8).id);
    assert_eq!(list(store, ANY, Slice { after, limit: 9 }).await, [three.clone(), four.clone()]);
}

/// An organization is found by how its name begins, whatever the case of its letters, and by nothing that stands
/// further behind.
pub async fn a_search_finds_organizations_that_begin_so<S: Store<Attrs = Suite>>(store: &S) {
    let names = ["Zo\u{eb} 100%_x", "zoE", "Zo\\", "A zo\u{eb}", "\u{1F98A} Fox", "x_zo"];
    for (n, name) in (1..).zip(names) {
        given::organizations(store, &[&named(n, name)]).await;
    }
    for (begin, expected) in [
        ("zo", vec!["zo\\", "zoe", "zo\u{eb} 100%_x"]),
        ("ZOE", vec!["zoe"]),
        ("Zoe\u{308} 100%_", vec!["zo\u{eb} 100%_x"]),
        ("z_", vec![]),
        ("x_", vec!["x_zo"]),
        ("%", vec![]),
        ("zo\\", vec!["zo\\"]),
        ("zo\\%", vec![]),
        ("\u{1F98A}", vec!["\u{1F98A} fox"]),
        ("\u{1F989}", vec![]),
        ("fox", vec![]),
        ("zoex", vec![]),
    ] {
        let found = searched(store, begin, ANY, 9).await;
        let keys: Vec<_> = found.iter().map(|found| &*found.place.key).collect();
        assert_eq!(keys, expected, "{begin}");
    }
}

/// What a search finds is told in the order of names, and then of ids, in parts of any size, and as it is asked for.
pub async fn organizations_that_are_found_are_told_in_parts<S: Store<Attrs = Suite>>(store: &S) {
    let all = [named(4, "Mara"), named(7, "mara"), named(3, "Marc"), named(1, "Marz")];
    let [one, two, three, four] = &all;
    let three = Organization { archived: Some(at(5)), ..three.clone() };
    let other = named(9, "Nora");
    given::organizations(store, &[four, two, &other, one, &three]).await;
    for limit in 1..=5 {
        for (query, expected) in [
            (ANY, vec![one, two, &three, four]),
            (ARCHIVED, vec![&three]),
            (PRESENT, vec![one, two, four]),
        ] {
            let found = searched(store, "mar", query, limit).await;
            let found: Vec<_> = found.iter().map(|found| &found.organization).collect();
            assert_eq!(found, expected, "{query:?} by {limit}");
        }
    }
    let after = Some(OrganizationMatch { key: "mara".to_owned(), id: organization(5).id });
    let rest = search(store, "mar", ANY, Slice { after, limit: 2 }).await;
    let rest: Vec<_> = rest.into_iter().map(|found| found.organization).collect();
    assert_eq!(rest, [two.clone(), three], "an id counts where names are the same");
}

/// An organization is found by the name that it has now.
pub async fn a_search_knows_the_present_name_of_an_organization<S: Store<Attrs = Suite>>(
    store: &S,
) {
    given::organizations(store, &[&named(1, "Mara")]).await;
    let after = Organization { version: 2, ..named(1, "Nora") };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_organization(&after, 1).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(searched(store, "mara", ANY, 9).await, []);
    let found = searched(store, "nora", ANY, 9).await;
    assert_eq!(found.iter().map(|it| &it.organization).collect::<Vec<_>>(), [&after]);
}

fn named(n: u8, name: &str) -> Organization<Suite> {
    Organization { name: PersonName::from_stored(name.to_owned()), ..organization(n) }
}

async fn list<S: Store<Attrs = Suite>>(
    store: &S,
    query: OrganizationQuery,
    slice: Slice<OrganizationId>,
) -> Vec<Organization<Suite>> {
    store.read().await.unwrap().list_organizations(&query, slice).await.unwrap()
}

async fn search<S: Store<Attrs = Suite>>(
    store: &S,
    begin: &str,
    query: OrganizationQuery,
    slice: Slice<OrganizationMatch>,
) -> Vec<FoundOrganization<Suite>> {
    let begin = SearchKey::of(begin);
    store.read().await.unwrap().search_organizations(&begin, &query, slice).await.unwrap()
}

/// The whole list, in parts.
async fn told<S: Store<Attrs = Suite>>(
    store: &S,
    query: OrganizationQuery,
    limit: u32,
) -> Vec<Organization<Suite>> {
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let part = list(store, query, Slice { after, limit }).await;
        assert!(part.len() <= limit as usize, "more than was asked for");
        let Some(last) = part.last() else { return told };
        after = Some(last.id);
        told.extend(part);
        assert!(told.len() < 50, "no end");
    }
}

/// Everything that a search finds, in parts.
async fn searched<S: Store<Attrs = Suite>>(
    store: &S,
    begin: &str,
    query: OrganizationQuery,
    limit: u32,
) -> Vec<FoundOrganization<Suite>> {
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let part = search(store, begin, query, Slice { after, limit }).await;
        assert!(part.len() <= limit as usize, "more than was asked for");
        let Some(last) = part.last() else { return told };
        after = Some(last.place.clone());
        told.extend(part);
        assert!(told.len() < 50, "no end");
    }
}
