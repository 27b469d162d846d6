// What the server's thread and the device's thread tell each other.
import type { Message, Said } from "../web/message.ts";
import type { SubjectFlags } from "./subject.ts";

/** To the device's thread. */
export type Order =
  | { readonly kind: "open"; readonly flags: SubjectFlags }
  | { readonly kind: "request"; readonly page: number; readonly request: Said }
  | { readonly kind: "close"; readonly page: number }
  | { readonly kind: "take"; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** From the device's thread. */
export type Report =
  | {
    readonly kind: "opened";
    /** What pages are told first. */
    readonly network: Said;
  }
  | { readonly kind: "failed"; readonly name: string; readonly message: string }
  | {
    readonly kind: "reply";
    readonly page: number;
    readonly message: Message;
    /** Whether a later message replaces it. */
    readonly isReplaceable: boolean;
  }
  | { readonly kind: "taken"; readonly id: number; readonly name: string }
  | { readonly kind: "refused"; readonly id: number; readonly message: string };
