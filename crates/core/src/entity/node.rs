use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::ids::NodeId;
use crate::sharing::SharingKind;
use crate::time::Timestamp;

/// A running process that serves the deployment, as the others know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Names the process: a restarted one has another id.
    pub id: NodeId,
    /// Names the place of the process: a restarted one has the same, and takes the place of the one before.
    pub name: NodeName,
    /// How it keeps to the rates of requests.
    pub sharing: SharingKind,
    /// When it was registered.
    pub started: Timestamp,
    /// When it counts as gone, unless it is renewed.
    pub expires: Timestamp,
}

/// The name of a node: 1 to [`NodeName::MAX_LENGTH`] visible ASCII characters.
///
/// Two processes that run at the same time must not have the same one: host and port, for example.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(String);

/// The text is not a [`NodeName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a node is 1 to 200 visible ASCII characters")]
pub struct NodeNameError;

impl Node {
    /// How long a registration counts without being renewed: how long a node that crashed stands in the way.
    ///
    /// The clocks of the nodes must not differ by as much.
    pub const LIFETIME: Duration = Duration::from_secs(15);

    /// Whether one of the two would allow what the other does not count.
    ///
    /// Nodes that share by different means count apart, each of the two kinds for itself: bearable while a
    /// deployment goes over from one to the other.
    pub fn is_at_odds_with(&self, other: &Self) -> bool {
        self.id != other.id && [self.sharing, other.sharing].contains(&SharingKind::Alone)
    }
}

impl NodeName {
    /// How long a name may be, in characters.
    pub const MAX_LENGTH: usize = 200;

    /// Takes a name.
    pub fn parse(text: &str) -> Result<Self, NodeNameError> {
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NodeNameError)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = NodeNameError;
    fn from_str(text: &str) -> Result<Self, NodeNameError> {
        Self::parse(text)
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: u8, sharing: SharingKind) -> Node {
        let name = NodeName::parse("a:1").unwrap();
        let moment = Timestamp::from_millis(0);
        let id = NodeId::from_bytes([id; 16]);
        Node { id, name, sharing, started: moment, expires: moment }
    }

    #[test]
    fn whoever_counts_alone_is_at_odds_with_everybody_else() {
        use SharingKind::{Alone, Limiter, Store};
        for (one, other, odds) in [
            (Alone, Alone, true),
            (Alone, Store, true),
            (Limiter, Alone, true),
            (Store, Store, false),
            (Limiter, Limiter, false),
            (Store, Limiter, false),
        ] {
            assert_eq!(node(1, one).is_at_odds_with(&node(2, other)), odds, "{one:?} {other:?}");
        }
        assert!(!node(1, Alone).is_at_odds_with(&node(1, Alone)), "itself");
    }

    #[test]
    fn a_name_is_short_and_visible() {
        for right in ["a", "node-1.example:4000", "[::1]:4000", &"x".repeat(200)] {
            assert_eq!(NodeName::parse(right).unwrap().as_str(), right);
        }
        for wrong in ["", "a b", "a\n", "ä", &"x".repeat(201)] {
            assert_eq!(NodeName::parse(wrong), Err(NodeNameError), "{wrong}");
        }
    }
}
