//! History in and out, in the formats that other software speaks. Pure: texts in, records out.

pub mod eip3076;
