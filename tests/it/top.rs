//! The lists of the most frequent records, and the histograms: beside the stock tools, as lists and on screens.

mod lists;
mod mistakes;
mod recorded;
mod screens;
mod tables;
