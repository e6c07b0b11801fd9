//! What others wrote, as messages show it.

/// The beginning of a text, fit for one line of a log.
pub fn cut(text: &str, longest: usize) -> String {
    let printable = |character: char| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
    let mut characters = text.chars();
    let mut beginning: String = characters.by_ref().take(longest).map(printable).collect();
    if characters.next().is_some() {
        beginning.push_str("...");
    }
    beginning
}
