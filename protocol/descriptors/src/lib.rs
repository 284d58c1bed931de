//! Pure parsers of USB, HID, EDID and SCSI bytes.
