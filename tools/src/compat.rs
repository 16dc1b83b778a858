//! Which generation of the stock tools is followed where they differ.

use anyhow::bail;
use shellac_log::Compat;

/// Decides from the name of the program and from the variable `SHELLAC_COMPAT`; what neither decides
/// (`None`), the source does: the generation that writes such records.
///
/// # Errors
///
/// A variable that is neither `7` nor `9`.
pub(crate) fn decide(program: &str, variable: Option<&str>) -> anyhow::Result<Option<Compat>> {
    Ok(match variable {
        Some("7") => Some(Compat::V7),
        Some("9") => Some(Compat::V9),
        Some(other) => bail!("SHELLAC_COMPAT: 7 or 9 expected, not {other:?}"),
        // Under this name there are only the newer ones.
        None if program.starts_with("vinyl") => Some(Compat::V9),
        None => None,
    })
}

#[cfg(test)]
mod tests;
