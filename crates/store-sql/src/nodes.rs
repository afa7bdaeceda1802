use durward_core::entity::{Node, NodeName};
use durward_core::sharing::SharingKind;
use durward_core::store::{Nodes, NodesMut, Result};
use durward_core::{Attrs, NodeId, StoreError, Timestamp};

use crate::engine::{Engine, values};
use crate::read::look_ups;
use crate::row::{Columns, Row};
use crate::statement::statements;
use crate::tx::SqlTx;

statements! { Nodes;
    LIVE_NODES =
        "SELECT id, name, sharing, started_ms, expires_ms FROM {nodes} WHERE expires_ms > ?";
    DELETE_EXPIRED = "DELETE FROM {nodes} WHERE expires_ms <= ?";
    DELETE_NAMED = "DELETE FROM {nodes} WHERE name = ?";
    INSERT_NODE =
        "INSERT INTO {nodes} (name, id, sharing, started_ms, expires_ms) VALUES (?, ?, ?, ?, ?)";
    RENEW_NODE = "UPDATE {nodes} SET expires_ms = ? WHERE id = ?";
    DELETE_NODE = "DELETE FROM {nodes} WHERE id = ?";
}

fn decode(row: &dyn Row) -> Result<Node> {
    Ok(Node {
        id: NodeId::from_bytes(row.fixed("id")?),
        name: NodeName::parse(row.str("name")?).map_err(StoreError::backend)?,
        sharing: row.named("sharing", SharingKind::from_name)?,
        started: row.time("started_ms")?,
        expires: row.time("expires_ms")?,
    })
}

look_ups! {
    impl<E: Engine, A: Attrs> Nodes for Handle<'_, E, A> {
        async fn live_nodes(&mut self, now: Timestamp) -> Result<Vec<Node>> {
            let mut nodes = self.rows(LIVE_NODES, values![now], decode).await?;
            nodes.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(nodes)
        }
    }
}

impl<E: Engine, A: Attrs> NodesMut for SqlTx<'_, E, A> {
    async fn register_node(&mut self, node: &Node, now: Timestamp) -> Result<()> {
        let Node { id, name, sharing, started, expires } = node;
        let name = name.as_str();
        self.execute(DELETE_EXPIRED, values![now]).await?;
        self.execute(DELETE_NAMED, values![name]).await?;
        let values = values![name, id, sharing.name(), *started, *expires];
        match self.insert(INSERT_NODE, values, "node").await {
            // Another one of this name registered in between: this one takes its place next time.
            Err(StoreError::Duplicate(_)) => Err(StoreError::Conflict),
            inserted => inserted.map(drop),
        }
    }

    async fn renew_node(&mut self, id: NodeId, expires: Timestamp) -> Result<bool> {
        self.change(RENEW_NODE, values![expires, &id]).await
    }

    async fn delete_node(&mut self, id: NodeId) -> Result<bool> {
        self.change(DELETE_NODE, values![&id]).await
    }
}
