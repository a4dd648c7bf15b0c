//! Limits on connections over all targets: how many in total, how many to one
//! address, and how fast.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

use super::config::Limits;

/// Above this many addresses, those that nobody uses are forgotten.
const ADDRESSES_BEFORE_EVICTION: usize = 1024;

/// Limits on connections over all targets.
pub(super) struct Pace {
    limits: Limits,
    all: Arc<Semaphore>,
    addresses: Mutex<HashMap<IpAddr, Arc<AddressPace>>>,
}

struct AddressPace {
    open: Arc<Semaphore>,
    /// When the next connection would be due if all came evenly.
    due: Mutex<Instant>,
}

/// Leave to hold one connection open; it ends when dropped.
pub(super) struct Permit {
    _all: OwnedSemaphorePermit,
    _address: OwnedSemaphorePermit,
    /// Keeps the address from being forgotten while it is in use.
    _state: Arc<AddressPace>,
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.connections.clamp(1, 10_000))),
            limits,
            addresses: Mutex::default(),
        }
    }

    /// Waits for leave to connect to an address. `None` never happens while
    /// the process lives, as the semaphores are never closed.
    ///
    /// The total is asked for last, so that those who wait for a busy address
    /// do not hold up the others.
    pub(super) async fn admit(&self, ip: IpAddr) -> Option<Permit> {
        let state = self.state(ip);
        let address = state.open.clone().acquire_owned().await.ok()?;
        if !ip.is_loopback()
            && let Some(due) = self.book(&state)
        {
            sleep_until(due).await;
        }
        let all = self.all.clone().acquire_owned().await.ok()?;
        Some(Permit {
            _all: all,
            _address: address,
            _state: state,
        })
    }

    /// Leave to connect to an address at once, if nobody has to wait for it and none
    /// of the limits is reached.
    pub(super) fn admit_at_once(&self, ip: IpAddr) -> Option<Permit> {
        let state = self.state(ip);
        let address = state.open.clone().try_acquire_owned().ok()?;
        let all = self.all.clone().try_acquire_owned().ok()?;
        if !ip.is_loopback() && !self.book_now(&state) {
            return None;
        }
        Some(Permit {
            _all: all,
            _address: address,
            _state: state,
        })
    }

    /// Books a start at an address if it is due now.
    fn book_now(&self, state: &AddressPace) -> bool {
        let rate = self.limits.new_per_second;
        if rate == 0 {
            return true;
        }
        let second = Duration::from_secs(1);
        let now = Instant::now();
        let mut due = lock(&state.due);
        let next = (*due).max(now) + second / rate;
        let free = next <= now + second;
        if free {
            *due = next;
        }
        free
    }

    /// Books the next start at an address: when it is due, if not at once.
    /// As many as are allowed in a second may start together.
    fn book(&self, state: &AddressPace) -> Option<Instant> {
        let rate = self.limits.new_per_second;
        if rate == 0 {
            return None;
        }
        let step = Duration::from_secs(1) / rate;
        let now = Instant::now();
        let mut due = lock(&state.due);
        *due = (*due).max(now) + step;
        due.checked_sub(Duration::from_secs(1))
            .filter(|at| *at > now)
    }

    fn state(&self, ip: IpAddr) -> Arc<AddressPace> {
        let mut addresses = lock(&self.addresses);
        if addresses.len() >= ADDRESSES_BEFORE_EVICTION && !addresses.contains_key(&ip) {
            let now = Instant::now();
            addresses.retain(|_, state| Arc::strong_count(state) > 1 || *lock(&state.due) > now);
        }
        addresses
            .entry(ip)
            .or_insert_with(|| {
                let open = match ip.is_loopback() {
                    true => self.limits.connections_to_loopback,
                    false => self.limits.connections_per_address,
                };
                let open = open.clamp(1, 10_000);
                Arc::new(AddressPace {
                    open: Arc::new(Semaphore::new(open)),
                    due: Mutex::new(Instant::now()),
                })
            })
            .clone()
    }
}

/// Locks; a panic elsewhere leaves plain values that are still good.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[tokio::test]
    async fn one_address_is_not_rushed_and_does_not_hold_up_another() {
        let pace = Pace::new(Limits {
            connections: 3,
            connections_per_address: 2,
            new_per_second: 20,
            ..Limits::default()
        });
        let busy = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
        let other = IpAddr::from(Ipv4Addr::new(192, 0, 2, 2));
        let held = (pace.admit(busy).await, pace.admit(busy).await);
        let short = Duration::from_millis(50);
        assert!(tokio::time::timeout(short, pace.admit(busy)).await.is_err());
        assert!(tokio::time::timeout(short, pace.admit(other)).await.is_ok());
        drop(held);
        // 20 at once, then one every 50 ms: the last of 28 starts after about 400 ms.
        let start = Instant::now();
        for _ in 0..24 {
            pace.admit(busy).await.expect("a permit");
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(200), "{took:?}");
        assert!(took < Duration::from_secs(60), "{took:?}");
    }

    #[tokio::test]
    async fn leave_at_once_takes_no_turn_of_another() {
        let pace = Pace::new(Limits {
            connections_per_address: 2,
            new_per_second: 4,
            ..Limits::default()
        });
        let ip = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
        let first = pace.admit(ip).await;
        let second = pace.admit_at_once(ip);
        assert!(first.is_some() && second.is_some());
        assert!(pace.admit_at_once(ip).is_none(), "two are open");
        drop(second);
        // The fourth of this second is the last that need not wait.
        assert!(pace.admit_at_once(ip).is_some());
        assert!(pace.admit_at_once(ip).is_some());
        assert!(pace.admit_at_once(ip).is_none(), "a fifth would be early");
    }

    #[tokio::test]
    async fn loopback_is_not_slowed() {
        let pace = Pace::new(Limits {
            connections_to_loopback: 4,
            ..Limits::default()
        });
        let here = IpAddr::from(Ipv4Addr::LOCALHOST);
        let begun = Instant::now();
        for _ in 0..100 {
            let _four = (
                pace.admit(here).await,
                pace.admit(here).await,
                pace.admit(here).await,
                pace.admit(here).await,
            );
            let fifth = pace.admit(here);
            assert!(tokio::time::timeout(Duration::ZERO, fifth).await.is_err());
        }
        // At ten a second it would be 40 s.
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn idle_addresses_are_forgotten() {
        let pace = Pace::new(Limits {
            new_per_second: 0,
            ..Limits::default()
        });
        for n in 0..5_000u32 {
            pace.admit(IpAddr::from(Ipv4Addr::from(0x0100_0000 + n)))
                .await
                .expect("a permit");
        }
        assert!(lock(&pace.addresses).len() <= ADDRESSES_BEFORE_EVICTION);
    }
}
