// Grad-CAM on a picture that is dropped, by a network that can be chosen: ?weights=, ?image=.
import * as nc from "neocog";
import { pictureUrl, run, say, showBars, start } from "./common.js";

const $ = (id) => document.querySelector(`#${id}`);
/** The largest file of a picture, in bytes. */
const LARGEST = 100e6;
const query = new URLSearchParams(location.search);

await run(async () => {
  await start();
  let network;
  let weights; // The path of the network's file.
  let picture; // What the network sees, with pixels from 0 to 1.
  let heat;

  async function open(path) {
    say(`Opening ${path}`);
    network = await nc.open(path);
    weights = path;
    const { name, inputShape, classNames } = network;
    say(`${name}: ${inputShape.join(" × ")} to ${classNames.length} classes`);
    const options = classNames.map((name, i) => new Option(name, i));
    $("class").replaceChildren(...options);
    if (picture) await look();
  }

  async function show(bytes, name) {
    const whole = await nc.image.decodeImage(bytes, name);
    const { preprocessing } = network;
    const channels = preprocessing.mean.length;
    const plain = {
      ...preprocessing,
      ...{ range: 1, order: "rgb", mean: Array(channels).fill(0), std: Array(channels).fill(1) },
    };
    const [height, width] = nc.image.inputShapeOf(plain);
    picture = { height, width, channels, pixels: nc.image.preprocess(whole, plain) };
    await look();
  }

  /** Does work again if the tab has lost its device, as it may in sleep, and with it the network. */
  const recovering = (work) =>
    nc.device.recover(async (losses) => {
      if (losses > 0) network = await nc.open(weights);
      return await work();
    });

  async function look() {
    const classes = await recovering(() => nc.classify(network, picture));
    showBars($("classes"), classes);
    $("class").value = classes[0].index;
    await attribute();
  }

  async function attribute() {
    const { preprocessing } = network;
    const shape = nc.image.inputShapeOf(preprocessing);
    const { resize: _, ...how } = preprocessing;
    const pixels = nc.image.preprocess(picture, how);
    const { values } = await recovering(async () => {
      const x = nc.tf.tensor(pixels, [1, ...shape]);
      const index = Number($("class").value);
      return await nc.explain.gradCam(network, x, index).finally(() => x.dispose());
    });
    heat = nc.image.heatMap(values, [picture.height, picture.width]);
    blend();
  }

  function blend() {
    if (!heat) return;
    const image = $("picture");
    URL.revokeObjectURL(image.src);
    image.src = pictureUrl(nc.image.overlay(picture, heat, { alpha: Number($("opacity").value) }));
    image.hidden = false;
  }

  const take = (file) =>
    run(async () => {
      if (file.size > LARGEST) {
        throw new RangeError(
          `Cannot show ${file.name}: a picture must have at most ${LARGEST / 1e6} MB, got ${
            (file.size / 1e6).toFixed(0)
          } MB`,
        );
      }
      await show(new Uint8Array(await file.arrayBuffer()), file.name);
      say(`${file.name} by ${network.name}`);
    });
  $("file").onchange = ({ target }) => target.files[0] && take(target.files[0]);
  $("weights").onchange = ({ target }) =>
    target.files[0] && run(async () => open(await nc.addFile(target.files[0])));
  $("class").onchange = () => picture && run(attribute);
  $("opacity").oninput = blend;
  const drop = $("drop");
  drop.ondragover = (event) => {
    event.preventDefault();
    drop.classList.add("over");
  };
  drop.ondragleave = () => drop.classList.remove("over");
  drop.ondrop = (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  };

  await open(query.get("weights") ?? "./digits.safetensors");
  const image = query.get("image");
  if (image) {
    const response = await fetch(image);
    if (!response.ok) throw new Error(`Cannot fetch ${image}: got status ${response.status}`);
    await show(new Uint8Array(await response.arrayBuffer()), image);
  }
});
