// What a service counts, in the text format that Prometheus reads.

/** Bounds of the histogram of a request's time, in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Bounds of the histogram of a batch's size. */
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128];

type Histogram = { readonly counts: number[]; sum: number };

/** The counters of one service. */
export type ServiceMetrics = {
  /** A request was answered. */
  answered(status: number, seconds: number): void;
  /** A batch was computed. */
  computed(size: number): void;
  /** The device was lost. */
  lost(): void;
  /**
   * All of it as text.
   *
   * @param waiting how many pictures wait now
   * @see https://prometheus.io/docs/instrumenting/exposition_formats/
   */
  text(waiting: number): string;
};

/** Counters at zero. */
export function serviceMetrics(): ServiceMetrics {
  const statuses = new Map<number, number>();
  const seconds = histogram(SECONDS);
  const sizes = histogram(SIZES);
  let losses = 0;
  return {
    answered(status, time) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 200) observe(seconds, SECONDS, time);
    },
    computed: (size) => observe(sizes, SIZES, size),
    lost: () => void losses++,
    text(waiting) {
      const byStatus = [...statuses].sort(([a], [b]) => a - b)
        .map(([status, count]) => `neocog_requests_total{status="${status}"} ${count}`);
      return [
        ...about("requests_total", "counter", "Requests for classes, by the status of the answer"),
        ...byStatus,
        ...about("request_seconds", "histogram", "Time of a request that was answered by classes"),
        ...lines("request_seconds", SECONDS, seconds),
        ...about("batch_size", "histogram", "Pictures that were computed together"),
        ...lines("batch_size", SIZES, sizes),
        ...about("queue_length", "gauge", "Pictures that wait"),
        `neocog_queue_length ${waiting}`,
        ...about("device_losses_total", "counter", "Devices that were lost"),
        `neocog_device_losses_total ${losses}`,
        "",
      ].join("\n");
    },
  };
}

function histogram(bounds: readonly number[]): Histogram {
  return { counts: Array<number>(bounds.length + 1).fill(0), sum: 0 };
}

function observe(into: Histogram, bounds: readonly number[], value: number): void {
  const at = bounds.findIndex((bound) => value <= bound);
  into.counts[at < 0 ? bounds.length : at]!++;
  into.sum += value;
}

function about(name: string, type: string, help: string): string[] {
  return [`# HELP neocog_${name} ${help}`, `# TYPE neocog_${name} ${type}`];
}

/** The lines of a histogram, whose counts are cumulative. */
function lines(name: string, bounds: readonly number[], { counts, sum }: Histogram): string[] {
  let total = 0;
  const buckets = [...bounds, "+Inf"].map((bound, i) => {
    total += counts[i]!;
    return `neocog_${name}_bucket{le="${bound}"} ${total}`;
  });
  return [...buckets, `neocog_${name}_sum ${sum}`, `neocog_${name}_count ${total}`];
}
