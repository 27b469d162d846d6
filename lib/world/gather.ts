// The bytes of all ranks, in as many rounds as MPI's places of 32 bits need.

/** Gathers what each rank has for one round: counts and places of bytes by rank, and where they go. */
type Round = (
  own: Uint8Array<ArrayBuffer>,
  counts: Int32Array<ArrayBuffer>,
  places: Int32Array<ArrayBuffer>,
  to: Uint8Array<ArrayBuffer>,
) => Promise<void>;

/**
 * Gathers bytes.
 *
 * @param own this rank's
 * @param lengths how many each rank has
 * @param round gathers those of one round
 * @param room the most bytes of all ranks in a round. Default: what a place of 32 bits can be
 * @returns the bytes by rank
 */
export async function gatherInRounds(
  own: Uint8Array<ArrayBuffer>,
  lengths: Float64Array,
  round: Round,
  room: number = 2 ** 31 - 1,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const all = Array.from(lengths, (length) => new Uint8Array(length));
  const each = Math.floor(room / lengths.length);
  for (let from = 0; from === 0 || from < Math.max(...lengths); from += each) {
    const counts = Int32Array.from(lengths, (length) => Math.min(Math.max(length - from, 0), each));
    const places = new Int32Array(counts.length);
    counts.forEach((count, i) => places[i + 1] = places[i]! + count); // The last is none.
    const gathered = new Uint8Array(places.at(-1)! + counts.at(-1)!);
    await round(own.subarray(from, from + each), counts, places, gathered);
    all.forEach((bytes, i) => {
      const part = gathered.subarray(places[i]!, places[i]! + counts[i]!);
      if (part.length > 0) bytes.set(part, from);
    });
  }
  return all;
}
