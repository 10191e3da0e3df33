/** Controls but tab and newline; marks that reorder, break or hide. */
const hidden = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * Text as it stands, with every character that drives a terminal, reorders a line or hides made visible as U+FFFD.
 * Nothing is cut or joined: a script on paper is the script.
 */
export const visible = (text: string): string =>
  text.replace(hidden, (one) => (one === '\n' || one === '\t' ? one : '\ufffd'));
