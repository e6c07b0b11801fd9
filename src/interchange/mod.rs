//! History in and out, in the formats that other software speaks. Pure: texts in, records out.

pub mod aztec_table;
pub mod eip3076;
