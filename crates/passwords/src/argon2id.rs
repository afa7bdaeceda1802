use argon2::{Algorithm, Argon2, Block, Params, Version};
use durward_core::password::HashError;

use crate::memory::{Memory, blocks};
use crate::settings::Cost;

pub(crate) const DIGEST_BYTES: usize = 32;

/// One kind of Argon2 at a given cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flavour {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) cost: Cost,
}

impl Flavour {
    /// What new hashes are made with.
    pub(crate) const fn current(cost: Cost) -> Self {
        Self { algorithm: Algorithm::Argon2id, version: Version::V0x13, cost }
    }

    pub(crate) fn digest(
        self,
        (password, salt): (&[u8], &[u8]),
        digest: &mut [u8],
        memory: &mut Memory,
    ) -> Result<(), HashError> {
        let argon2 = self.argon2(digest.len())?;
        memory.with_blocks(self.cost.memory_kib, |blocks| {
            argon2.hash_password_into_with_memory(password, salt, digest, blocks).map_err(refused)
        })?
    }

    fn argon2(self, digest_bytes: usize) -> Result<Argon2<'static>, HashError> {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let params = Params::new(memory_kib, passes, lanes, Some(digest_bytes)).map_err(refused)?;
        Ok(Argon2::new(self.algorithm, self.version, params))
    }
}

/// The pure Argon2id hash in memory that is kept: the limit that a pool's rate is measured against (P4).
pub struct BareArgon2 {
    argon2: Argon2<'static>,
    blocks: Vec<Block>,
}

impl BareArgon2 {
    /// Takes the memory for hashes of this cost.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        if !cost.is_bearable() {
            return Err(HashError::Failed("a hash of this cost is not bearable"));
        }
        let argon2 = Flavour::current(cost).argon2(DIGEST_BYTES)?;
        Ok(Self { argon2, blocks: blocks(cost.memory_kib)? })
    }

    /// Computes one hash, of 32 bytes under a salt of 16 as the pool does.
    pub fn run(&mut self) -> Result<[u8; DIGEST_BYTES], HashError> {
        let mut digest = [0; DIGEST_BYTES];
        self.argon2
            .hash_password_into_with_memory(&[7; 32], &[9; 16], &mut digest, &mut self.blocks)
            .map_err(refused)?;
        Ok(digest)
    }
}

impl std::fmt::Debug for BareArgon2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BareArgon2").finish_non_exhaustive()
    }
}

fn refused(_: argon2::Error) -> HashError {
    HashError::Failed("Argon2 refused its parameters")
}
