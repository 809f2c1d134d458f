//! How windows that begin at certain times are cut into slices: every window is made of whole slices, and an event is counted in one only.

use tidegate_functions::WallClock;
use tidegate_model::plan::{Window, WindowShape};
use tidegate_model::{EventTime, Span};

/// A window's start and the end behind it; windows have the order of their ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bounds {
    pub end: EventTime,
    pub start: EventTime,
}

#[derive(Clone, Copy, Debug)]
pub struct Slices {
    size: Span,
    advance: Span,
    offset: Span,
    pub grace: Span,
    /// Windows are given out every `advance` from their start to their end, each time with all that they hold so far.
    cumulates: bool,
    /// The greatest length that divides both size and advance.
    slice: Span,
    /// Windows begin at multiples of this clock's time. None: of UTC.
    clock: Option<WallClock>,
}

impl Slices {
    pub fn new(window: &Window) -> Slices {
        let (size, advance) = (window.size, window.advance);
        assert!(size > Span::ZERO && advance > Span::ZERO && advance <= size, "windows overlap or touch");
        let zone = window.zone.as_deref().filter(|zone| *zone != "UTC");
        Slices {
            size,
            advance,
            offset: window.offset,
            grace: window.grace,
            cumulates: window.shape == WindowShape::Cumulate,
            slice: Span::from_micros(gcd(size.micros(), advance.micros())),
            clock: zone.map(|zone| WallClock::of(zone).expect("the check has found the zone")),
        }
    }

    /// Is a slice in more than one window?
    pub fn overlap(&self) -> bool {
        self.advance != self.size
    }

    /// The start of the slice that holds an instant.
    pub fn slice_of(&self, time: EventTime) -> EventTime {
        self.instant(self.floor(self.wall(time), self.slice))
    }

    /// The watermark at which a window is final.
    pub fn final_at(&self, window: Bounds) -> EventTime {
        window.end.plus(self.grace)
    }

    /// The watermark at which no window needs the slice any more.
    pub fn expires_at(&self, slice: EventTime) -> EventTime {
        let step = if self.cumulates { self.size } else { self.advance };
        let last_end = self.floor(self.wall(slice), step).plus(self.size);
        self.instant(last_end).plus(self.grace)
    }

    /// The windows that hold the slice, in the order of their ends.
    pub fn windows_of(&self, slice: EventTime) -> Vec<Bounds> {
        let wall = self.floor(self.wall(slice), self.slice);
        let mut windows = Vec::new();
        if self.cumulates {
            let start = self.floor(wall, self.size);
            let mut end = wall.plus(self.slice);
            while end <= start.plus(self.size) {
                windows.push(Bounds { start: self.instant(start), end: self.instant(end) });
                end = end.plus(self.advance);
            }
        } else {
            let mut start = self.first_start(wall);
            while start <= wall {
                windows.push(Bounds { start: self.instant(start), end: self.instant(start.plus(self.size)) });
                start = start.plus(self.advance);
            }
        }
        // Steps that a change of the clocks leaves out all end at the moment of the change.
        windows.dedup();
        windows
    }

    /// An event of the slice is late for the windows that end before this one, which is not the first of them. None: it counts in all.
    pub fn counts_from(&self, slice: EventTime, watermark: EventTime) -> Option<EventTime> {
        if !self.overlap() {
            return None;
        }
        let wall = self.floor(self.wall(slice), self.slice);
        let first_end =
            if self.cumulates { wall.plus(self.slice) } else { self.first_start(wall).plus(self.size) };
        if self.instant(first_end).plus(self.grace) > watermark {
            return None;
        }
        self.windows_of(slice)
            .into_iter()
            .find(|window| self.final_at(*window) > watermark)
            .map(|window| window.end)
    }

    /// On the wall: the start of the earliest window that holds the slice.
    fn first_start(&self, slice: EventTime) -> EventTime {
        self.floor(slice.minus(self.size), self.advance).plus(self.advance)
    }

    /// On the wall: the last start of a step at or before a time.
    fn floor(&self, wall: EventTime, step: Span) -> EventTime {
        wall.minus(self.offset).floor_to(step).plus(self.offset)
    }

    fn wall(&self, time: EventTime) -> EventTime {
        self.clock.map_or(time, |clock| clock.shown(time))
    }

    fn instant(&self, wall: EventTime) -> EventTime {
        self.clock.map_or(wall, |clock| clock.first_at(wall))
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidegate_model::time::parse_rfc3339;

    fn window(shape: WindowShape, size: i64, advance: i64, offset: i64) -> Window {
        let span = Span::from_micros;
        Window { shape, offset: span(offset), ..Window::aligned(span(size), span(advance), span(0), None) }
    }

    fn bounds(start: i64, end: i64) -> Bounds {
        Bounds { start: EventTime::from_micros(start), end: EventTime::from_micros(end) }
    }

    proptest! {
        #[test]
        fn a_slice_is_in_exactly_the_windows_that_hold_its_events(
            size in 1i64..40, advance in 1i64..40, offset in 0i64..40, time in -200i64..200, watermark in -250i64..250) {
            prop_assume!(advance <= size && offset < size);
            let slices = Slices::new(&window(WindowShape::Aligned, size, advance, offset));
            let holding: Vec<Bounds> = (-300i64..300)
                .filter(|start| (start - offset).rem_euclid(advance) == 0 && *start <= time && time < start + size)
                .map(|start| bounds(start, start + size))
                .collect();
            holds(&slices, time, watermark, &holding)?;
        }

        #[test]
        fn a_step_is_in_the_windows_that_fill_from_it_on(
            step in 1i64..10, steps in 1i64..6, offset in 0i64..60, time in -200i64..200, watermark in -250i64..250) {
            let size = step * steps;
            prop_assume!(offset < size);
            let slices = Slices::new(&window(WindowShape::Cumulate, size, step, offset));
            let start = (time - offset).div_euclid(size) * size + offset;
            let ends = (1..=steps).map(|number| start + number * step).filter(|end| time < *end);
            let holding: Vec<Bounds> = ends.map(|end| bounds(start, end)).collect();
            holds(&slices, time, watermark, &holding)?;
        }
    }

    fn holds(slices: &Slices, time: i64, watermark: i64, holding: &[Bounds]) -> Result<(), TestCaseError> {
        let slice = slices.slice_of(EventTime::from_micros(time));
        prop_assert_eq!(slices.slice_of(slice), slice);
        prop_assert_eq!(&slices.windows_of(slice)[..], holding);
        prop_assert!(holding.iter().all(|window| window.start <= slice));
        let last = holding.last().expect("a window holds it").end;
        prop_assert_eq!(slices.expires_at(slice), last);
        let open = holding.iter().find(|window| window.end.micros() > watermark);
        let from = open.filter(|window| **window != holding[0]).map(|window| window.end);
        prop_assert_eq!(slices.counts_from(slice, EventTime::from_micros(watermark)), from);
        Ok(())
    }

    fn at(text: &str) -> EventTime {
        parse_rfc3339(text.as_bytes()).expect("a time")
    }

    fn in_paris(shape: WindowShape, size: &str, advance: &str) -> Slices {
        let span = |text| Span::parse(text).expect("a length");
        let mut window = Window::aligned(span(size), span(advance), Span::ZERO, None);
        window.shape = shape;
        window.zone = Some("Europe/Paris".to_owned());
        Slices::new(&window)
    }

    fn windows(slices: &Slices, time: &str) -> Vec<(String, String)> {
        let windows = slices.windows_of(slices.slice_of(at(time)));
        windows.iter().map(|window| (window.start.to_string(), window.end.to_string())).collect()
    }

    #[test]
    fn a_day_has_as_many_hours_as_its_clock() {
        let days = in_paris(WindowShape::Aligned, "1d", "1d");
        for (time, start, end) in [
            ("2026-03-28T23:30:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-06-30T22:00:00Z", "2026-07-01T22:00:00Z"),
        ] {
            assert_eq!(windows(&days, time), [(start.to_owned(), end.to_owned())]);
        }
        let hours = in_paris(WindowShape::Aligned, "1h", "1h");
        let twice = [("2026-10-25T00:00:00Z".to_owned(), "2026-10-25T02:00:00Z".to_owned())];
        for time in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
            assert_eq!(windows(&hours, time), twice, "an hour that comes twice is one window");
        }
    }

    #[test]
    fn a_step_that_is_left_out_gives_no_row_of_its_own() {
        let days = in_paris(WindowShape::Cumulate, "1d", "1h");
        let ends: Vec<String> =
            windows(&days, "2026-03-28T23:00:00Z").into_iter().map(|(_, end)| end).collect();
        assert_eq!(ends.len(), 23);
        assert_eq!(ends[..3], ["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"]);
    }

    /// Through a year of a zone: what holds an instant begins at or before it and ends behind it, and neighbours touch.
    #[test]
    fn windows_of_a_zone_leave_nothing_out() {
        for (size, advance) in [("1d", "1d"), ("3h", "1h"), ("90m", "30m"), ("20m", "20m")] {
            let slices = in_paris(WindowShape::Aligned, size, advance);
            let mut before: Option<Bounds> = None;
            for minute in 0..365 * 24 * 12 {
                let time = at("2026-01-01T00:00:00Z").plus(Span::from_secs(minute * 300));
                let windows = slices.windows_of(slices.slice_of(time));
                assert!(
                    windows.iter().all(|window| window.start <= time && time < window.end),
                    "{size} {time}"
                );
                let last = *windows.last().expect("one");
                assert_eq!(slices.expires_at(slices.slice_of(time)), last.end);
                if size == advance
                    && let Some(before) = before.filter(|before| *before != last)
                {
                    assert_eq!(before.end, last.start, "{size} {time}");
                }
                before = Some(last);
            }
        }
    }
}
