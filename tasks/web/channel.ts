// The connection of an open page: requests come as JSON, answers go as messages.
import { encodeMessage, type Message, type Said } from "./message.ts";

/** An open page. */
export type Channel = {
  /** Sends a message. */
  send(message: Message): void;
  /**
   * Sends a message that a later one replaces, such as a step's picture, unless earlier ones wait.
   *
   * @returns whether it was sent
   */
  sendIfIdle(message: Message): boolean;
};

/** What a task does for an open page. */
export type ChannelHandler = {
  /** A request arrived. */
  onRequest(request: Said): void;
  /** The page was closed, or its connection was lost. */
  onClose(): void;
};

/** Calls a task for a page that was opened. */
export type OnChannel = (channel: Channel) => ChannelHandler;

/** The longest request, in characters. */
const MOST_CHARACTERS = 64 * 1024;
/** The bytes that wait to be sent, from which on a picture of a step is left out. */
const MOST_WAITING = 2 ** 20;

function parsed(data: unknown): Said | undefined {
  if (typeof data !== "string" || data.length > MOST_CHARACTERS) return undefined;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Said
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Accepts the connection of a page.
 *
 * @param request a request to upgrade to a WebSocket, which the guard has let in
 */
export function acceptChannel(
  request: Request,
  onChannel: OnChannel,
  onEnd: () => void,
): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 60 });
  socket.binaryType = "arraybuffer";
  let handler: ChannelHandler | undefined;
  const send = (message: Message): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(encodeMessage(message));
  };
  const end = (): void => {
    handler?.onClose();
    handler = undefined;
    onEnd();
  };
  socket.onopen = () => {
    handler = onChannel({
      send,
      sendIfIdle(message) {
        if (socket.bufferedAmount > MOST_WAITING) return false;
        send(message);
        return true;
      },
    });
  };
  socket.onmessage = ({ data }) => {
    const said = parsed(data);
    if (said) handler?.onRequest(said);
    else socket.close(1003, "Requests must be JSON objects");
  };
  socket.onclose = end;
  // An error is followed by `close`.
  socket.onerror = () => {};
  return response;
}
