//! Timing on the device.

use std::time::{Duration, Instant};

use crate::bench::Context;
use crate::gpu::device::{Device, DeviceBuffer, Params, Result};
use crate::record::{CacheState, CopyTimes, SkipReason, Timing};
use crate::timing::{Budget, Series, try_fill};

/// A posted operation: returns when posted, not when done.
pub(super) type Post<'a> = &'a mut dyn FnMut() -> Result<()>;

/// Times by events; sweeps the second-level cache before each sample of a cold measurement.
pub(super) struct Clock<'a> {
    device: &'a Device,
    sweep: DeviceBuffer,
    counter: DeviceBuffer,
    /// Cycles a nanosecond when the benchmark began.
    rate: f64,
}

/// Below this share of the first rate the device is throttled.
const LEAST_RATE: f64 = 0.75;

impl<'a> Clock<'a> {
    pub(super) fn new(device: &'a Device) -> Result<Self> {
        let sweep = DeviceBuffer::new(2 * device.l2_bytes)?;
        let counter = DeviceBuffer::new(16)?;
        let mut clock = Self {
            device,
            sweep,
            counter,
            rate: 0.0,
        };
        for _ in 0..8 {
            // The first kernels run while the clock still rises.
            clock.rate = clock.rate.max(clock.cycles_per_ns()?);
        }
        Ok(clock)
    }

    /// Clock of a multiprocessor, read in a kernel: what it is, not what it is set to.
    fn cycles_per_ns(&self) -> Result<f64> {
        let kernel = self.device.kernel("clock_rate")?;
        let params = Params::new().buffer(&self.counter).u32(20_000);
        self.device.launch(kernel, (1, 1, 1), 32, &params)?;
        let read: Vec<u64> = self.counter.read(self.device, 2)?;
        Ok(read[0] as f64 / read[1].max(1) as f64)
    }

    /// Waits until the device runs at speed; gives up after a second of it being throttled, since times
    /// would say more about its cooling than about the kernel.
    fn settle(&self) -> Result<()> {
        let mut share = 0.0;
        for _ in 0..20 {
            share = self.cycles_per_ns()? / self.rate;
            if share >= LEAST_RATE {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(SkipReason::Throttled {
            percent: (share * 100.0) as u32,
        })
    }

    /// Operations in turns, each measured twice; nanoseconds between events around one post.
    pub(super) fn alternate(
        &self,
        budget: &Budget,
        cache: CacheState,
        ops: &mut [Post<'_>],
    ) -> Result<Vec<Timing>> {
        self.settle()?;
        let [start, end] = self.device.events()?;
        let n = ops.len();
        for op in ops.iter_mut() {
            op()?;
        }
        self.device.wait()?;
        let mut series = vec![Series::default(); 2 * n];
        try_fill(budget, &mut series, |i| {
            if cache == CacheState::Cold {
                self.device.fill(&self.sweep, 0x5A)?;
            }
            self.device.mark(&start)?;
            ops[i % n]()?;
            self.device.mark(&end)?;
            self.device.wait()?;
            start.until(&end)
        })?;
        Ok((0..n).map(|i| series[i].summary(&series[n + i])).collect())
    }

    /// A transfer: submit, device and end-to-end times, and the summary of the last.
    pub(super) fn transfer(&self, budget: &Budget, op: Post<'_>) -> Result<(Timing, CopyTimes)> {
        self.settle()?;
        let [start, end] = self.device.events()?;
        op()?;
        self.device.wait()?;
        let mut series = [Series::default(), Series::default()];
        let (mut submit, mut on_device) = (Series::default(), Series::default());
        try_fill(budget, &mut series, |_| {
            let begin = Instant::now();
            self.device.mark(&start)?;
            op()?;
            self.device.mark(&end)?;
            submit.push(begin.elapsed().as_nanos() as f64);
            self.device.wait()?;
            let whole = begin.elapsed().as_nanos() as f64;
            on_device.push(start.until(&end)?);
            Ok(whole)
        })?;
        let time = series[0].summary(&series[1]);
        let copy = CopyTimes {
            submit_ns: submit.median(),
            device_ns: on_device.median(),
            end_to_end_ns: time.median_ns,
        };
        Ok((time, copy))
    }
}

/// Clock rules of one configuration on the device.
pub(super) fn budget(ctx: &Context<'_>) -> Budget {
    let time = Duration::from_millis(ctx.options.grid.pick(40, 300));
    Budget {
        min_samples: 5,
        ..Budget::of(time)
    }
}
