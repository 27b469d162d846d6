// The one place that names jax-js.
export * from "npm:@jax-js/jax@0.1.25";
