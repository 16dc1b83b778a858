//! Thousands of requests with bodies through an origin that closes at random points.
