// Trains LeNet-5 on MNIST in the tab, with live curves; the network can be saved and opened again.
import * as nc from "neocog";
import { run, say, start } from "./common.js";

const $ = (id) => document.querySelector(`#${id}`);

await run(async () => {
  await start();
  const device = $("status").textContent;
  say(`${device}; fetching MNIST`);
  const { train, test } = await nc.mnist({ dataDir: "./mnist" });
  say(`${device}; ${train.labels.length} training and ${test.labels.length} test images`);
  let kept; // The run after the last epoch, in memory: a device may be lost while the tab sleeps.
  let stopping;
  $("train").disabled = false;
  $("stop").onclick = () => stopping.abort();
  $("save").onclick = () =>
    // A file that is written in a page is handed to the browser as a download.
    run(() => nc.writeCheckpoint("lenet5.safetensors", kept));
  $("form").onsubmit = (event) => {
    event.preventDefault();
    run(fit);
  };

  async function fit() {
    stopping = new AbortController();
    $("train").disabled = $("save").disabled = true;
    $("stop").disabled = false;
    const examples = nc.takeExamples(train, Number($("count").value));
    const epochs = Number($("epochs").value);
    const batchSize = 64;
    const total = epochs * Math.ceil(examples.labels.length / batchSize);
    const [reports, steps] = [[], []];
    const began = performance.now();
    const draw = async () => {
      const title = `LeNet-5 on ${examples.labels.length} images`;
      $("curves").innerHTML = await nc.report.curves(reports, { title, steps });
    };
    let drawing;
    const onStep = ({ step, loss, accuracy }) => {
      steps.push({ step, loss, accuracy });
      $("progress").value = step / total;
      const rate = step * batchSize / ((performance.now() - began) / 1000);
      $("step").textContent = `step ${step} of ${total}, loss ${loss.toFixed(3)}, ${
        rate.toFixed(0)
      } images/s`;
      if (step % 20 === 0) drawing ??= draw().finally(() => drawing = undefined);
    };
    const model = nc.lenet5();
    const optimizer = nc.adam({ learningRate: 0.002 });
    let last; // The run of this training after its last epoch.
    const work = async () => {
      steps.length = last?.run.progress.step ?? 0;
      let network = last &&
        nc.restoreTraining(model, optimizer, [28, 28, 1], last, "the last epoch");
      const options = {
        epochs,
        batchSize,
        validation: nc.takeExamples(test, 2000),
        optimizer,
        signal: stopping.signal,
        onStep,
        ...(network && { from: network }),
      };
      for await (const report of nc.fit(model, examples, options)) {
        network = report.network;
        kept = last = await nc.snapshot(network, { model: "lenet5", classNames: test.classNames });
        reports.push(report);
        await drawing;
        await draw();
      }
      if (!network) return undefined;
      const { accuracy } = await nc.evaluate(network, test);
      nc.disposeTraining(network);
      return accuracy;
    };
    const onLost = () => {
      const place = last ? `the end of epoch ${last.run.progress.epoch}` : "the beginning";
      say(`The GPU device was lost, as may happen in sleep: training goes on from ${place}`);
    };
    try {
      const accuracy = await nc.device.recover(work, { onLost });
      say(
        accuracy === undefined
          ? "Stopped before the first epoch"
          : `${(100 * accuracy).toFixed(2)} % of ${test.labels.length} test images are right`,
      );
    } finally {
      $("train").disabled = false;
      $("stop").disabled = true;
      $("save").disabled = !kept;
    }
  }
});
