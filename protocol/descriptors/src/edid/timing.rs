//! Detailed timings. E-EDID A2 section 3.10.2.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bytes::{u8_at, u16_le};

/// A detailed timing descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DetailedTiming {
    /// Pixel clock in kHz.
    pub pixel_clock_khz: u32,
    /// Visible pixels across.
    pub width: u16,
    /// Visible lines (of one field where interlaced).
    pub height: u16,
    /// Blank pixels across.
    pub horizontal_blank: u16,
    /// Blank lines.
    pub vertical_blank: u16,
    /// Image width in mm.
    pub width_mm: u16,
    /// Image height in mm.
    pub height_mm: u16,
    /// Interlaced.
    pub interlaced: bool,
}

impl DetailedTiming {
    /// Reads 18 bytes; `None` where the pixel clock is zero (then it is a display descriptor).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let clock = u16_le(bytes, 0)?;
        if clock == 0 {
            return None;
        }
        let wide = |low: usize, high: usize, shift: u32| -> Option<u16> {
            let upper = u16::from(u8_at(bytes, high)? >> shift & 0x0f);
            Some(upper << 8 | u16::from(u8_at(bytes, low)?))
        };
        Some(Self {
            pixel_clock_khz: u32::from(clock) * 10,
            width: wide(2, 4, 4)?,
            horizontal_blank: wide(3, 4, 0)?,
            height: wide(5, 7, 4)?,
            vertical_blank: wide(6, 7, 0)?,
            width_mm: wide(12, 14, 4)?,
            height_mm: wide(13, 14, 0)?,
            interlaced: u8_at(bytes, 17)? & 0x80 != 0,
        })
    }

    /// Refresh rate in Hz, rounded; 0 where the totals are zero.
    pub fn refresh_hz(&self) -> u32 {
        let across = u64::from(self.width) + u64::from(self.horizontal_blank);
        let down = u64::from(self.height) + u64::from(self.vertical_blank);
        let total = across * down;
        if total == 0 {
            return 0;
        }
        u32::try_from((u64::from(self.pixel_clock_khz) * 1_000 + total / 2) / total).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for DetailedTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let height = if self.interlaced { u32::from(self.height) * 2 } else { u32::from(self.height) };
        let mark = if self.interlaced { "i" } else { "" };
        write!(f, "{}x{height}{mark} at {} Hz", self.width, self.refresh_hz())
    }
}
