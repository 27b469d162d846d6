// The connection to the task: requests with answers, parts of answers and progress.

const ARRAYS = { float32: Float32Array, uint8: Uint8Array };

/** A message of the task, as tasks/web/message.ts writes it. */
export function decodeMessage(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const [name, { type, shape, at, length: count }] of Object.entries(said.arrays)) {
    arrays[name] = { shape, values: new ARRAYS[type](buffer, 4 + length + at, count) };
  }
  return { ...said, arrays };
}

/** A request that was given up. */
export class Cancelled extends Error {}

/**
 * Connects, and connects again whenever the connection is lost.
 *
 * @param onChange called with `true` once it is connected, and `false` when it is lost
 */
export function openChannel(onChange) {
  let socket;
  let count = 0;
  let wait = 250;
  const waiting = new Map();

  const fail = (reason) => {
    for (const request of waiting.values()) request.reject(new Cancelled(reason));
    waiting.clear();
  };

  const connect = () => {
    socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/channel`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      wait = 250;
      onChange(true);
    };
    socket.onmessage = ({ data }) => {
      const message = decodeMessage(data);
      const request = waiting.get(message.id);
      if (!request) return;
      if (message.progress) request.onProgress?.(message.progress);
      else if (message.part) request.onPart?.(message);
      else {
        waiting.delete(message.id);
        if (message.error !== undefined) request.reject(new Error(message.error));
        else request.resolve(message);
      }
    };
    socket.onclose = () => {
      fail("The connection was lost");
      onChange(false);
      setTimeout(connect, wait);
      wait = Math.min(4000, wait * 1.6);
    };
  };
  connect();

  const send = (said) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(said));
  };

  return {
    /** Asks for something; the answer's promise can be cancelled, and long work stopped. */
    request(name, params = {}, { onPart, onProgress } = {}) {
      const id = ++count;
      const answer = new Promise((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN) return reject(new Cancelled("Not connected"));
        waiting.set(id, { resolve, reject, onPart, onProgress });
        send({ id, do: name, ...params });
      });
      return {
        answer,
        /** Ends it; what there is so far is the answer. */
        stop: () => send({ stop: id }),
        /** Forgets it. */
        cancel() {
          const request = waiting.get(id);
          if (!request) return;
          waiting.delete(id);
          send({ cancel: id });
          request.reject(new Cancelled("Given up"));
        },
      };
    },
  };
}

/** What is shown where work takes longer, in milliseconds. */
const PATIENCE = 200;

/**
 * Work of one place on the page: a new request gives up the one before.
 *
 * @param status the element that says how far it is, and what went wrong
 */
export function workplace(channel, status) {
  let current;
  const say = (text, kind = "") => {
    status.textContent = text;
    status.className = `status ${kind}`;
  };
  return {
    /** Asks for something; `undefined` if it was given up. */
    async run(name, params, onPart) {
      current?.cancel();
      let isOver = false;
      let told = "working…";
      const begin = performance.now();
      const show = () => !isOver && current === request && say(told, "busy");
      const request = channel.request(name, params, {
        onPart,
        onProgress({ done, total, what }) {
          told = `${what}: ${done} of ${total}`;
          if (performance.now() - begin > PATIENCE) show();
        },
      });
      current = request;
      setTimeout(show, PATIENCE);
      try {
        const answer = await request.answer;
        if (current !== request) return undefined;
        say("");
        return answer;
      } catch (error) {
        if (error instanceof Cancelled) {
          if (current === request) say("");
          return undefined;
        }
        if (current === request) say(error.message, "wrong");
        return undefined;
      } finally {
        isOver = true;
      }
    },
    stop: () => current?.stop(),
    cancel: () => current?.cancel(),
    say,
  };
}
