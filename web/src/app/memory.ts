/** What the browser remembers between visits; a page opened from a disk may have no such memory. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`dichroic-${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`dichroic-${key}`, value);
  } catch {
    // Private windows refuse; the choice then lasts as long as the page.
  }
}
