import { describe, expect, it } from "vitest";
import { createEtaMeter, createRenderTimes } from "./render-times.ts";

describe("the time a render will take", () => {
  it("is unknown where nothing like it was rendered and nothing was seen of its pace", () => {
    expect(createEtaMeter(0, undefined).measure(0.2, 500)).toBeUndefined();
  });

  it("is its own pace, counted from the first report, when nothing else is known", () => {
    const meter = createEtaMeter(0, undefined);
    expect(meter.measure(0.2, 1_000)).toBeUndefined();
    expect(meter.measure(0.6, 5_000)).toBe(4);
    expect(meter.measure(1, 9_000)).toBe(0);
  });

  it("is what such renders took before, less what has passed, and turns to its own pace as it goes on", () => {
    const meter = createEtaMeter(0, 10);
    expect(meter.measure(0, 0)).toBe(10);
    expect(meter.measure(0.5, 2_000)).toBe(5);
    expect(meter.measure(0.9, 3_600)).toBeLessThan(1.1);
  });

  it("is never negative", () => {
    expect(createEtaMeter(0, 1).measure(0.01, 60_000)).toBeGreaterThanOrEqual(0);
  });

  it("is remembered for each backend and variant, the latest counting a third", () => {
    const times = createRenderTimes();
    times.note("a", "sdxl", 10);
    times.note("a", "sdxl", 20);
    expect(times.usual("a", "sdxl")).toBe(13);
    expect([times.usual("b", "sdxl"), times.usual("a", "flux")]).toEqual([undefined, undefined]);
  });
});
