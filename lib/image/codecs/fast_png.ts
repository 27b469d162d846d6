// The only import of fast-png, which filters and compresses PNG files in plain JavaScript.

export { decode, encode } from "npm:fast-png@8.0.0";
