//! The lock-free log ring: laying batches down and following them
