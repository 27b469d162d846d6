// The one place that names jax-js.
// deno-lint-ignore no-import-prefix -- a development dependency, for the bench alone
export * from "npm:@jax-js/jax@0.1.25";
