// `deno task lint:doc`: `deno doc --lint` of all entries, without findings in tfjs's declarations.
//
// mod.ts re-exports tfjs as the namespace `tf`, and `deno doc --lint` takes all of it for ours.
const { default: { exports } } = await import("../deno.json", { with: { type: "json" } });
const { stderr } = await new Deno.Command("deno", {
  args: ["doc", "--lint", ...Object.values(exports)],
  env: { NO_COLOR: "1" },
  stdout: "null",
}).output();

const findings = new TextDecoder().decode(stderr).split(/^(?=error\[)/m).filter((text) =>
  text.startsWith("error[") && !/^ *--> .*(\/npm\/|tensor\/tf\.ts)/m.test(text)
);
if (findings.length > 0) {
  console.error("%s", findings.join(""));
  Deno.exit(1);
}
