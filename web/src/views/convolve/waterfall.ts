/** A bar that begins where the one before ended. */
export interface Bar {
  from: number;
  to: number;
}

export function runningSums(terms: readonly number[]): Bar[] {
  let sum = 0;
  return terms.map((term) => {
    const from = sum;
    sum += term;
    return { from, to: sum };
  });
}
