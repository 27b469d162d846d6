// Which pixels speak for a class, by every method.
import { BACKWARD_RULES } from "../../../lib/explain/backward_rule.ts";
import {
  type Attribution,
  attributionMap,
  type BackwardRule,
  gradCam,
  guidedGradCam,
  inputTimesGradient,
  integratedGradients,
  layerwiseRelevance,
  occlusion,
  saliency,
  smoothGrad,
} from "../../../lib/explain/mod.ts";
import { key, predict, type Tensor } from "../../../mod.ts";
import { attributionScript, commandLine } from "../commands.ts";
import type { Job } from "../../web/jobs.ts";
import type { Params } from "../params.ts";
import type { Subject } from "../subject.ts";
import type { View } from "../view.ts";
import { classIn, readClasses } from "./classes.ts";
import { sentNumbers } from "./pixels.ts";

/** What a method is given. */
type Explained = {
  readonly network: Subject["network"];
  readonly x: Tensor;
  readonly index: number;
  readonly rule: BackwardRule;
  readonly options: {
    readonly signal: AbortSignal;
    readonly onProgress: (done: number, total: number) => void;
  };
};

/** A method of attribution. */
type Method = {
  readonly title: string;
  /** Whether it takes many passes. */
  readonly isLong: boolean;
  /** Whether the backward rule changes it. */
  readonly hasRule: boolean;
  /** Whether its values have signs. */
  readonly isSigned: boolean;
  /** The task that writes it, and its flags. */
  readonly task: readonly [name: string, ...flags: string[]];
  /** Its name in `explain`. */
  readonly call: string;
  run(explained: Explained): Promise<Attribution>;
};

/** The methods by name. */
export const EXPLANATIONS: Readonly<Record<string, Method>> = {
  saliency: {
    title: "Saliency",
    isLong: false,
    hasRule: true,
    isSigned: false,
    task: ["explain saliency"],
    call: "saliency",
    run: ({ network, x, index, rule }) => saliency(network, x, index, { rule }),
  },
  "input-x-gradient": {
    title: "Input × gradient",
    isLong: false,
    hasRule: true,
    isSigned: true,
    task: ["explain saliency", "--method", "input-x-gradient"],
    call: "inputTimesGradient",
    run: ({ network, x, index, rule }) => inputTimesGradient(network, x, index, { rule }),
  },
  "grad-cam": {
    title: "Grad-CAM",
    isLong: false,
    hasRule: false,
    isSigned: false,
    task: ["explain grad-cam"],
    call: "gradCam",
    run: ({ network, x, index }) => gradCam(network, x, index),
  },
  "guided-grad-cam": {
    title: "Guided Grad-CAM",
    isLong: false,
    hasRule: false,
    isSigned: true,
    task: ["explain grad-cam", "--method", "guided-grad-cam"],
    call: "guidedGradCam",
    run: ({ network, x, index }) => guidedGradCam(network, x, index),
  },
  lrp: {
    title: "Layer-wise relevance",
    isLong: false,
    hasRule: false,
    isSigned: true,
    task: ["explain contributions", "--method", "lrp"],
    call: "layerwiseRelevance",
    run: ({ network, x, index }) => layerwiseRelevance(network, x, index),
  },
  "smooth-grad": {
    title: "SmoothGrad",
    isLong: true,
    hasRule: true,
    isSigned: false,
    task: ["explain saliency", "--method", "smooth-grad"],
    call: "smoothGrad",
    run: ({ network, x, index, rule, options }) =>
      smoothGrad(network, x, index, { rule, key: key(0), ...options }),
  },
  "integrated-gradients": {
    title: "Integrated gradients",
    isLong: true,
    hasRule: false,
    isSigned: true,
    task: ["explain integrated-gradients"],
    call: "integratedGradients",
    run: ({ network, x, index, options }) => integratedGradients(network, x, index, options),
  },
  occlusion: {
    title: "Occlusion",
    isLong: true,
    hasRule: false,
    isSigned: true,
    task: ["explain occlusion"],
    call: "occlusion",
    run: ({ network, x, index, options }) => occlusion(network, x, index, options),
  },
};

const NAMES = Object.keys(EXPLANATIONS);

function methodIn(params: Params): Method {
  return EXPLANATIONS[params.choice("method", NAMES)]!;
}

/** What each pixel counts for a class. */
export const why: View = {
  lane: (params) => methodIn(params).isLong ? "long" : "quick",
  async run(subject, params, job: Job) {
    const method = methodIn(params);
    const rule = method.hasRule ? params.choice("rule", BACKWARD_RULES) : "backprop";
    const wanted = classIn(params, "class", subject);
    const name = params.text("image");
    const { network } = subject;
    const x = subject.picture(name).inputs();
    try {
      const index = wanted ?? (await readClasses(predict(network, x))).best;
      const onProgress = (done: number, total: number): void =>
        job.progress(done, total, method.title);
      const options = { signal: job.signal, onProgress };
      const found = await method.run({ network, x, index, rule, options });
      const [, height, width] = found.shape;
      const flags = [
        ...method.task.slice(1),
        "--class",
        `${index}`,
        ...(method.hasRule && rule !== "backprop" ? ["--rule", rule] : []),
      ];
      return {
        said: {
          class: index,
          score: found.scores[0]!,
          signed: method.isSigned,
          title: method.title,
          command: commandLine(subject, method.task[0], name, flags),
          script: attributionScript(subject, name, method.call, index, rule),
        },
        arrays: { map: sentNumbers(attributionMap(found), [height, width]) },
      };
    } finally {
      x.dispose();
    }
  },
};
