//! A fair sample of a stream of unknown length.

/// Keeps `capacity` items such that each one ever offered is in it with the same chance.
#[derive(Clone, Debug)]
pub struct Reservoir<T> {
    capacity: usize,
    offered: u64,
    items: Vec<T>,
}

impl<T> Reservoir<T> {
    /// An empty one; it grows as items come.
    pub const fn new(capacity: usize) -> Reservoir<T> {
        Reservoir { capacity, offered: 0, items: Vec::new() }
    }

    /// Offers an item, which is only made when it is kept. `random` is a number that is uniform over all of `u64`.
    pub fn offer(&mut self, random: u64, item: impl FnOnce() -> T) {
        self.offered += 1;
        if self.items.len() < self.capacity {
            self.items.push(item());
            return;
        }
        // The upper half of the product is uniform below `offered`, nearly.
        let place = (u128::from(random) * u128::from(self.offered)) >> 64;
        if let Some(kept) = usize::try_from(place).ok().and_then(|place| self.items.get_mut(place))
        {
            *kept = item();
        }
    }

    /// What is kept, in no particular order.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// How many were offered.
    pub const fn offered(&self) -> u64 {
        self.offered
    }
}

#[cfg(test)]
mod tests;
