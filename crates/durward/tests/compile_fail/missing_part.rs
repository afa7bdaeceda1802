//! Where do the mails go?

use durward::{Essentials, KeyRing, LinkTarget, Store};

fn wire<S: Store>(store: S, keys: KeyRing) {
    let links = |_: LinkTarget, code: &str| format!("https://shop.example/verify#{code}");
    let _ = Essentials { store, keys, links };
}

fn main() {}
