/** Characters that cannot be seen, or that change how their neighbours are shown: format, separator, lone surrogate. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u00ad\u115f\u1160\u3164\uffa0]/gu;

/** Makes what cannot be seen visible: a right-to-left mark becomes `\u{202e}`, a tab `\u{9}`, a line feed `\n`. */
export function visible(text: string): string {
  return text.replace(unseen, (character) =>
    character === '\n' ? '\\n' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** Cuts to at most `max` UTF-16 units, never through a code point, and says with an ellipsis that it did. */
export function clip(text: string, max: number): string {
  if (text.length <= max) {
    return text;
  }
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length + 1 > max) {
      break;
    }
    kept += character;
  }
  return `${kept}…`;
}
