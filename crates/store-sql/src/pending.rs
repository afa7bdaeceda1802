use crate::engine::{Kept, Value};
use crate::statement::Statement;

/// Writes that a unit of work has put off, in their order.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<Write>);

/// The writes of a unit of work that commit together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) writes: Vec<Write>,
    pub(crate) durability: Durability,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Durability {
    /// That the disk has it.
    #[default]
    Full,
    /// Nothing; see [`Tx::delay_durability`](durward_core::store::Tx::delay_durability).
    Delayed,
}

/// One write.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) statement: Statement,
    pub(crate) values: Vec<Kept>,
    /// Whether it must find exactly one row; if not, it takes what there is.
    pub(crate) counts: bool,
    row: Option<Box<[u8]>>,
}

/// A statement that is about to run, and the key of its row if it is about one and no other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch<'a> {
    pub(crate) statement: Statement,
    pub(crate) row: Option<&'a [u8]>,
}

impl<'a> Touch<'a> {
    /// A statement about the row with this key and no other, which does not wait for those about others.
    pub(crate) fn row(statement: Statement, key: &'a [u8]) -> Self {
        Self { statement, row: Some(key) }
    }
}

impl From<Statement> for Touch<'_> {
    fn from(statement: Statement) -> Self {
        Self { statement, row: None }
    }
}

impl Pending {
    /// Adds a write that nothing in here [stands in the way of](Self::precedes).
    pub(crate) fn push(&mut self, touch: Touch<'_>, values: &[Value<'_>], counts: bool) {
        let values = values.iter().map(|value| Kept::from(*value)).collect();
        let (statement, row) = (touch.statement, touch.row.map(Box::from));
        self.0.push(Write { statement, values, counts, row });
    }

    /// Whether something in here must have happened before this statement, because both may be about one
    /// row: writes that run together do not see each other.
    pub(crate) fn precedes(&self, touch: Touch<'_>) -> bool {
        self.0.iter().any(|write| write.precedes(touch))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all of them out.
    pub(crate) fn take(&mut self) -> Vec<Write> {
        std::mem::take(&mut self.0)
    }
}

impl Write {
    fn precedes(&self, touch: Touch<'_>) -> bool {
        let both_add = self.statement.only_adds() && touch.statement.only_adds();
        let apart = match (self.row.as_deref(), touch.row) {
            (Some(mine), Some(other)) => mine != other,
            _ => false,
        };
        let mut tables = self.statement.tables();
        !both_add && !apart && tables.any(|mine| touch.statement.tables().any(|it| it == mine))
    }
}
