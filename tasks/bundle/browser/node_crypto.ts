// node:crypto in a browser: SHA-256 alone.
// deno-lint-ignore no-import-prefix
import { sha256 } from "npm:@noble/hashes@2.4.0/sha2.js";

type Hash = {
  update(part: string | Uint8Array): Hash;
  digest(form: "hex"): string;
};

/** A hash that is computed in parts. */
export function createHash(_name: "sha256"): Hash {
  const hash = sha256.create();
  const self: Hash = {
    update(part) {
      hash.update(typeof part === "string" ? new TextEncoder().encode(part) : part);
      return self;
    },
    digest: () => Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
  return self;
}
