// Begins a page: runs its module, or says why this browser cannot. In syntax that any browser reads.
// deno-lint-ignore-file no-var
(function () {
  var own = document.currentScript;

  function say(words) {
    var status = document.getElementById("status");
    status.textContent = words;
    status.className = "error";
  }

  function sayOutdated(found) {
    say(
      "Cannot run this page: the browser must be a current Chrome, Edge, Safari or Firefox, got one that " +
        found + ". Nothing was sent or changed.",
    );
  }

  function requireCurrent() {
    if (!own || !("noModule" in own)) return sayOutdated("has no modules");
    if (!Promise.withResolvers || !Response.prototype.bytes) return sayOutdated("is out of date");
    var script = document.createElement("script");
    script.type = "module";
    script.src = own.getAttribute("data-module");
    script.onerror = function () {
      say("Cannot load this page: the server must have " + script.src + " and what it imports");
    };
    document.body.appendChild(script);
  }

  addEventListener("error", function (event) {
    if (/SyntaxError|module specifier/.test(event.message)) sayOutdated("says " + event.message);
  });
  requireCurrent();
})();
