use std::sync::{Arc, Condvar, Mutex, PoisonError};

use argon2::Block;
use durward_core::password::HashError;
use zeroize::Zeroize;

/// The Argon2 memory of one worker, kept from hash to hash, and its way to more.
///
/// Nothing wipes it between two hashes: that takes up to 4 % of a hash's time (measured), the next hash
/// overwrites it, and it holds nothing from which a password is found faster than from the pepper beside
/// it in memory. It is wiped when it is given back, once the worker has nothing to do.
pub(crate) struct Memory {
    blocks: Vec<Block>,
    own_kib: u32,
    spare: Arc<Spare>,
}

impl Memory {
    pub(crate) const fn new(own_kib: u32, spare: Arc<Spare>) -> Self {
        Self { blocks: Vec::new(), own_kib, spare }
    }

    /// Whether one hash may have this much at all.
    pub(crate) fn suffices(&self, kib: u64) -> bool {
        kib <= u64::from(self.own_kib).max(self.spare.total_kib)
    }

    /// Works with so many blocks: the worker's own if they are enough, or spare ones.
    pub(crate) fn with_blocks<T>(
        &mut self,
        kib: u32,
        work: impl FnOnce(&mut [Block]) -> T,
    ) -> Result<T, HashError> {
        if kib <= self.own_kib {
            if self.blocks.is_empty() {
                self.blocks = blocks(self.own_kib)?;
            }
            return Ok(work(&mut self.blocks));
        }
        let _lease = self.spare(u64::from(kib))?;
        let mut spare = blocks(kib)?;
        let result = work(&mut spare);
        spare.zeroize();
        Ok(result)
    }

    /// Waits until so much of the spare memory is free; it is taken until the lease is dropped.
    pub(crate) fn spare(&self, kib: u64) -> Result<Lease, HashError> {
        Spare::lease(&self.spare, kib)
    }

    pub(crate) const fn is_held(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// Wipes the memory and gives it back to the system; the next hash takes it again.
    pub(crate) fn release(&mut self) {
        self.blocks.zeroize();
        self.blocks = Vec::new();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.release();
    }
}

/// What the budget leaves for hashes that need more than a worker has.
pub(crate) struct Spare {
    total_kib: u64,
    free_kib: Mutex<u64>,
    freed: Condvar,
}

impl Spare {
    pub(crate) const fn new(total_kib: u64) -> Self {
        Self { total_kib, free_kib: Mutex::new(total_kib), freed: Condvar::new() }
    }

    fn lease(this: &Arc<Self>, kib: u64) -> Result<Lease, HashError> {
        if kib > this.total_kib {
            return Err(HashError::Failed("a stored hash needs more memory than the budget has"));
        }
        let free = this.free_kib.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free =
            this.freed.wait_while(free, |free| *free < kib).unwrap_or_else(PoisonError::into_inner);
        *free -= kib;
        Ok(Lease { spare: Arc::clone(this), kib })
    }
}

/// A part of the spare memory, until dropped.
pub(crate) struct Lease {
    spare: Arc<Spare>,
    kib: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.spare.free_kib.lock().unwrap_or_else(PoisonError::into_inner) += self.kib;
        self.spare.freed.notify_all();
    }
}

/// Fresh blocks; fails instead of aborting the process when the system has no memory left.
pub(crate) fn blocks(kib: u32) -> Result<Vec<Block>, HashError> {
    let failed = HashError::Failed("the system has no memory left for a hash");
    let count = usize::try_from(kib).map_err(|_too_many| failed.clone())?;
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).map_err(|_no_memory| failed)?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}
