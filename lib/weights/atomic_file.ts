// It lies in lib/files; this name is for branches that were begun before it was moved there.
export { type FileContents, writeFileAtomically } from "../files/atomic_file.ts";
