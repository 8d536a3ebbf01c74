/** The name with its middle left out, if it is too wide for the room. */
export function shorten(text: string, room: number): string {
  const width = (part: string) =>
    [...part].reduce((sum, letter) => sum + (letter > "\u2e80" ? 14 : 8.6), 0);
  if (width(text) <= room) return text;
  let keep = text.length - 1;
  while (keep > 4 && width(text.slice(0, keep)) > room - 8) keep--;
  const tail = Math.floor(keep * 0.5);
  return `${text.slice(0, keep - tail)}…${text.slice(text.length - tail)}`;
}
