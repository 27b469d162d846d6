// The flags of tasks that serve a page.
import { count, text, toggle } from "../command.ts";

/** Where a page is served. */
export const serverFlags = {
  port: count({
    min: 0,
    max: 65535,
    help: "the port; 0 takes a free one",
    defaultText: "8080, or the next free one",
  }),
  host: text({
    help:
      "the address to listen on for other machines, such as 0.0.0.0; they need the token that is printed",
    defaultText: "127.0.0.1, this machine alone",
  }),
  open: toggle({ help: "open the page in the browser" }),
  json: toggle({ help: 'print the address as {"url": …}' }),
} as const;
