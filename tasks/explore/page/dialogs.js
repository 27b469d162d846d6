// A pad to draw a digit, and the camera.
import { canvasOf } from "../../web/page/canvas.js";
import { el } from "../../web/page/dom.js";

const PAD = 280;

function opened(title, ...contents) {
  const dialog = el(
    "dialog",
    { "aria-label": title },
    el("h2", {}, title),
    ...contents,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A pad: after each stroke the picture is brought, light on dark as MNIST's digits are. */
export function drawDialog({ inputShape }, bring) {
  const pad = canvasOf(PAD, PAD, "A pad to draw on");
  pad.className = "pad";
  const context = pad.getContext("2d");
  const isGray = inputShape[2] === 1;
  const [ground, ink] = isGray ? ["#000", "#fff"] : ["#fff", "#000"];
  const clear = () => {
    context.fillStyle = ground;
    context.fillRect(0, 0, PAD, PAD);
  };
  clear();
  Object.assign(context, {
    lineWidth: PAD / 13,
    lineCap: "round",
    lineJoin: "round",
    strokeStyle: ink,
  });
  const at = ({ offsetX, offsetY }) => {
    const scale = PAD / pad.clientWidth;
    return [offsetX * scale, offsetY * scale];
  };
  let last;
  let isFirst = true;
  const stroke = (event) => {
    const next = at(event);
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...next);
    context.stroke();
    last = next;
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(event);
  });
  pad.addEventListener("pointermove", (event) => last && stroke(event));
  pad.addEventListener("pointerup", () => {
    last = undefined;
    pad.toBlob((blob) => {
      bring(blob, { replace: !isFirst });
      isFirst = false;
    }, "image/png");
  });
  const dialog = opened(
    "Draw",
    pad,
    el("p", { class: "small muted" }, "The network looks after each stroke."),
    el(
      "div",
      { class: "sources" },
      el("button", { type: "button", onclick: clear }, "Clear"),
      el("button", { type: "button", class: "main", onclick: () => dialog.close() }, "Done"),
    ),
  );
}

/** The camera's picture. */
export async function cameraDialog(bring, say) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (error) {
    return say(
      isSecureContext
        ? `Cannot use the camera: ${error.message}`
        : "Cannot use the camera: browsers allow it on this machine's own address alone",
      "wrong",
    );
  }
  const video = el("video", { autoplay: true, playsinline: true, muted: true });
  video.srcObject = stream;
  const take = () => {
    const canvas = canvasOf(video.videoWidth, video.videoHeight, "");
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => bring(blob), "image/png");
    dialog.close();
  };
  const dialog = opened(
    "Camera",
    video,
    el(
      "div",
      { class: "sources" },
      el("button", { type: "button", class: "main", onclick: take }, "Take the picture"),
      el("button", { type: "button", onclick: () => dialog.close() }, "Close"),
    ),
  );
  dialog.addEventListener("close", () => stream.getTracks().forEach((track) => track.stop()));
}
